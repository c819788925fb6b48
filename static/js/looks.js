// Theme and pictures on this device. It runs before the first paint.
(() => {
  const root = document.documentElement, looks = root.dataset;
  const other = { dark: "light", light: "dark", without: "with", with: "without", undefined: "without" };
  // Storage may be forbidden; then a choice is valid for this page only.
  try {
    for (const look of ["theme", "pictures"]) if (localStorage[look]) looks[look] = localStorage[look];
  } catch { /* not stored */ }
  addEventListener("click", ({ target }) => {
    const look = target.closest("[data-look]")?.dataset.look;
    if (!look) return;
    looks[look] = other[look === "theme" ? getComputedStyle(root).colorScheme : looks[look]];
    try { localStorage[look] = looks[look]; } catch { /* not stored */ }
  });
})();
