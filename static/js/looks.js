// How pages look on this device: in which theme, and whether with pictures. Runs before the first paint.
(() => {
  const root = document.documentElement.dataset;
  const usual = { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light", pictures: "with" };
  const other = { dark: "light", light: "dark", with: "without", without: "with" };
  // Storage may be forbidden: a look holds for this page, then.
  const kept = (act) => { try { act(localStorage); } catch { /* not kept, then */ } };
  kept((storage) => { for (const look in usual) if (storage[look]) root[look] = storage[look]; });
  addEventListener("click", ({ target }) => {
    const look = target.closest("[data-look]")?.dataset.look;
    if (!look) return;
    root[look] = other[root[look] ?? usual[look]];
    kept((storage) => (storage[look] = root[look]));
  });
})();
