// Pending updates: they arrived while the reader was busy elsewhere. They are in their place but not displayed, and the
// toast and the page's title count them.

import { steady, topOf } from "./steady.js";
import { words } from "./words.js";

// The notice of an update that was retracted meanwhile does not count
const countIn = (place) => place.querySelectorAll(".update.pending").length;
// Updates that are displayed in one task: less than a tenth of a second on a slow phone
const AT_ONCE = 40;
// ms between two that appear by themselves where somebody reads: time to find the line again. Of several that came
// together, each waits twice as long as the one before.
const REST = 4_000;
let title = document.title;

// The pending updates of a feed. `calm()` says whether a new one may appear; `arrived(updates, calm)` takes new ones
// that are in their place already; `reveal()` displays and returns all; `look()` does so if it may, and otherwise
// counts them; `lead()` displays them and goes to the first; `count()` updates the toast.
export function pending(feed) {
  const head = feed.querySelector(".feed-head"), toast = feed.querySelector(".toast button");
  let rest = REST / 2, timer;

  // True if the reader is at the top of the feed or above it, and is neither typing, nor selecting text, nor in the frame
  // of an external post. At the desk there is no toast: everything appears at once. In a frame on another site, `away`
  // says that the page around it is scrolled elsewhere.
  function calm() {
    const rail = feed.closest(".rail"), edge = Math.max(0, rail ? topOf(rail) : 0);
    return !toast || !(
      document.hidden || feed.away || (!feed.order && head.getBoundingClientRect().bottom <= edge) ||
      document.activeElement?.matches("input, select, textarea, .external") || !getSelection().isCollapsed
    );
  }

  function arrived(updates, calm) {
    for (const update of updates) update.classList.add("fresh", "pending");
    if (calm) setTimeout(next);
    else count();
  }

  // If the list is in view, they appear one at a time, the oldest first, and the toast counts the others.
  function next() {
    if (!toast || feed.order || topOf(feed.list) > innerHeight) look();
    else if (timer) count();
    else show(1);
  }

  const look = () => show(AT_ONCE);

  const show = (most) => (calm() ? steady(() => reveal(most)) : count());

  // Several tasks display them, so that a hundred at once do not block the page for long.
  function reveal(most) {
    const waiting = [...feed.list.querySelectorAll(".pending")], shown = waiting.slice(-most), left = waiting.length - shown.length;
    shown.forEach((item) => item.classList.remove("pending"));
    feed.number();
    if (shown.length) {
      rest = left ? rest * 2 : REST;
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = 0;
        next();
      }, rest);
      feed.visit.again?.();
    }
    if (left && most > 1) setTimeout(look);
    else count();
    return shown;
  }

  // Resumes, displays all and goes to the first of them. The head of the feed stays in view if there is room: the
  // pinned update and the key events may fill a screen between the two.
  async function lead() {
    await feed.pause(false);
    const first = reveal().find((item) => item.matches(".update"));
    if (!feed.order) head.scrollIntoView({ block: "nearest" });
    first?.scrollIntoView({ block: "nearest" });
    first?.querySelector("article").focus({ preventScroll: true });
  }

  function count() {
    if (!toast) return;
    const count = countIn(feed.list) + feed.waiting.size;
    toast.previousSibling.textContent = head.querySelector(".state").textContent;
    toast.hidden = !count;
    toast.textContent = words(toast, "new", { count });
    entitle();
  }

  if (toast) {
    toast.addEventListener("click", lead);
    document.addEventListener("visibilitychange", look);
    // The margin counts what is below the view as visible: `deep` is for a head that is above it.
    new IntersectionObserver(([{ isIntersecting }]) => {
      feed.toggleAttribute("deep", !isIntersecting);
      if (isIntersecting) look();
    }, { threshold: 1, rootMargin: "0% 0% 9999%" }).observe(head);
  }
  return { calm, arrived, reveal, look, lead, count };
}

// Sets the page's title, after the number of pending updates in all its feeds.
export function entitle(words) {
  title = words || title;
  const count = countIn(document);
  document.title = (count ? `(${count}) ` : "") + title;
}
