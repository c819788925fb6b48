// Reloads the page, with restraint: all readers learn of the reason in the same instant, and must not overload a server
// in trouble. The browser knows how and when it loaded this page; storage may be forbidden, and a clock may be set
// back.

import { topOf } from "./steady.js";

// ms between two reloads; if one changed nothing, the next will not either
const PAUSE = 10_000;
// ms over which the reloads of all readers are spread, at 1 ms per reader: a small audience need not wait
const SPREAD = 5_000;
// ms, with jitter, until an error page tries the page again that it replaced
const RETURN = 45_000;

const reloaded = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
const comesBack = reloaded && document.querySelector("[data-come-back]");
let timer;

// Reloads the page. `readers` is how many there are, as far as is known.
export function reload(readers = 0) {
  const pause = reloaded ? Math.max(0, PAUSE - performance.now()) : 0;
  timer ??= setTimeout(() => {
    // A reader may stop the loading; then this page has to try again later
    timer = null;
    keepPlace();
    location.reload();
  }, pause + Math.random() * Math.min(SPREAD, readers));
}

// Remembers which update a reader deep in a list is at, and where it is in the view. The browser itself restores how
// far the page was scrolled, which after hundreds of changes is another place.
function keepPlace() {
  const home = [...document.querySelectorAll("[deep] .update")].find((item) => topOf(item) + item.offsetHeight > 0);
  const feed = home?.closest("live-feed");
  if (!feed || feed.away) return;
  const view = `?at=${home.dataset.at}${feed.only ? "&key=1" : ""}${feed.order ? "&order=oldest" : ""}`;
  history.replaceState([home.id, topOf(home), feed.closest(".rail") ? "" : view], "");
  history.scrollRestoration = "manual";
}

// Goes back there. An update that is not on the page is the first one of the view from its time on; if it was
// retracted, the one before it is.
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
  // Until the page is loaded, the browser would still restore its own place
  setTimeout(() => (history.scrollRestoration = "auto"), RETURN);
}

// An error page that a reload led to: the reader was following something that may come back, such as an article that is
// a draft for a while.
if (comesBack) setInterval(() => document.hidden || location.reload(), RETURN * (0.5 + Math.random()));
