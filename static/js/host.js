// For a page of another site: makes each of our frames on it as high as what is in it. No module, so that it knows where
// it came from; it sees nothing of the page but its frames.
(() => {
  const site = new URL(document.currentScript.src).origin;
  const frames = () => [...document.querySelectorAll(`iframe[src^="${site}/embed/"]`)];

  addEventListener("message", ({ origin, source, data }) => {
    const height = data?.liveline?.height;
    if (origin !== site || !(height > 0)) return;
    for (const frame of frames()) if (frame.contentWindow === source) frame.style.height = `${height}px`;
  });

  // Those that said it before anybody listened.
  for (const frame of frames()) frame.contentWindow.postMessage("height?", "*");
})();
