// How pages look on this device: in which theme, and whether with pictures. Runs before the first paint.
(() => {
  const root = document.documentElement, looks = root.dataset;
  const other = { dark: "light", light: "dark", without: "with", with: "without", undefined: "without" };
  // Storage may be forbidden: a look holds for this page, then.
  try {
    for (const look of ["theme", "pictures"]) if (localStorage[look]) looks[look] = localStorage[look];
  } catch { /* not kept, then */ }
  addEventListener("click", ({ target }) => {
    const look = target.closest("[data-look]")?.dataset.look;
    if (!look) return;
    looks[look] = other[look === "theme" ? getComputedStyle(root).colorScheme : looks[look]];
    try { localStorage[look] = looks[look]; } catch { /* not kept, then */ }
  });
})();
