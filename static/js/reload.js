// A fresh page, asked for with restraint. All readers come upon the reason in the same instant, and a server in trouble
// must not be hammered by them. The browser knows how it got this page, and when: that needs no storage, which may be
// forbidden, and no clock, which may be set back.

// ms between two reloads: where one has changed nothing, the next will not either
const PAUSE = 10_000;
// ms over which a crowd is spread, at 1 ms per reader: a small audience need not wait
const SPREAD = 5_000;
// ms, up to twice that, before an error page looks for the page whose place it took
const RETURN = 30_000;

const reloaded = (performance.getEntriesByType("navigation")[0]?.type ?? "reload") === "reload";
let timer;

// Reloads the page, which is one of so many, as far as it was told.
export function reload(readers = 0) {
  const pause = reloaded ? Math.max(0, PAUSE - performance.now()) : 0;
  timer ??= setTimeout(() => {
    // Whoever stops the loading stays on this page, which may have to try again
    timer = null;
    location.reload();
  }, pause + Math.random() * Math.min(SPREAD, readers));
}

// On an error page: when a reload led here, the reader was following something that may come back, such as an article
// that is a draft for a while.
if (reloaded && document.querySelector("[data-come-back]")) {
  setInterval(() => document.hidden || location.reload(), RETURN * (1 + Math.random()));
}
