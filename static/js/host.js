// Runs in a page of another site, and makes each of our frames there as high as its content. It is no module, so that
// `currentScript` has its address; it reads nothing of the page but its frames.
(() => {
  const site = new URL(document.currentScript.src).origin;
  const frames = () => [...document.querySelectorAll(`iframe[src^="${site}/embed/"]`)];

  addEventListener("message", ({ origin, source, data }) => {
    const height = data?.liveline?.height;
    if (origin !== site || !(height > 0)) return;
    for (const frame of frames()) if (frame.contentWindow === source) frame.style.height = `${height}px`;
  });

  // Asks frames that have sent their height before this script ran.
  for (const frame of frames()) frame.contentWindow.postMessage("height?", "*");
})();
