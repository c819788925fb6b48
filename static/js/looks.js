// How pages look on this device: in which theme, and whether with pictures. Runs before the first paint.
(() => {
  const root = document.documentElement.dataset;
  const usual = { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light", pictures: "with" };
  // Storage may be forbidden: a look holds for this page, then.
  const kept = (act) => { try { act(localStorage); } catch { return; } };
  kept((storage) => { for (const look in usual) if (storage[look]) root[look] = storage[look]; });
  addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll("[data-look]")) {
      // A label for each of two looks, which says what a press leads to.
      const { look, ...labels } = button.dataset;
      const other = () => Object.keys(labels).find((each) => each !== (root[look] ?? usual[look]));
      const label = () => (button.textContent = labels[other()]);
      button.hidden = false;
      button.addEventListener("click", () => {
        root[look] = other();
        kept((storage) => (storage[look] = root[look]));
        label();
      });
      label();
    }
  });
})();
