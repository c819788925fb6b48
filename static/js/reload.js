// A fresh page, asked for with restraint. All readers come upon the reason in the same instant, and a server in trouble
// must not be hammered by them. The browser knows how it got this page, and when: that needs no storage, which may be
// forbidden, and no clock, which may be set back.

import { topOf } from "./steady.js";

// ms between two reloads: where one has changed nothing, the next will not either
const PAUSE = 10_000;
// ms over which a crowd is spread, at 1 ms per reader: a small audience need not wait
const SPREAD = 5_000;
// ms, with jitter, before an error page looks for the page whose place it took
const RETURN = 45_000;

const reloaded = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
const comesBack = reloaded && document.querySelector("[data-come-back]");
let timer;

// Reloads the page, which is one of so many, as far as it was told.
export function reload(readers = 0) {
  const pause = reloaded ? Math.max(0, PAUSE - performance.now()) : 0;
  timer ??= setTimeout(() => {
    // Whoever stops the loading stays on this page, which may have to try again
    timer = null;
    keepPlace();
    location.reload();
  }, pause + Math.random() * Math.min(SPREAD, readers));
}

// Whoever reads deep in a list is to find that update again where it was, to the pixel. The browser keeps the place by
// how far down it is, which after hundreds of changes is another.
function keepPlace() {
  const home = [...document.querySelectorAll("[deep] .update")].find((item) => topOf(item) + item.offsetHeight > 0);
  const feed = home?.closest("live-feed");
  if (!feed || feed.away) return;
  const view = `?at=${home.dataset.at}${feed.only ? "&key=1" : ""}${feed.order ? "&order=oldest" : ""}`;
  history.replaceState([home.id, topOf(home), feed.closest(".rail") ? "" : view], "");
  history.scrollRestoration = "manual";
}

// Goes back there. Where the page does not begin with that update, the view from its time on does, or with what came
// next.
export function goBack() {
  if (comesBack) return;
  const [id, top, view] = history.state ?? [];
  const home = document.getElementById(id) ?? document.querySelector(view === null && ".column .update");
  if (!home && view) {
    history.replaceState([id, top, null], "", view);
    return location.reload();
  }
  home?.closest(".rail")?.scrollBy(0, topOf(home) - top);
  if (home) scrollBy(0, topOf(home) - top);
  history.replaceState(null, "");
  // The browser would still go to its own place until the page is loaded
  setTimeout(() => (history.scrollRestoration = "auto"), RETURN);
}

// On an error page: when a reload led here, the reader was following something that may come back, such as an article
// that is a draft for a while.
if (comesBack) setInterval(() => document.hidden || location.reload(), RETURN * (0.5 + Math.random()));
