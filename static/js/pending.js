// What arrived while the reader was busy elsewhere is pending: in its place, but not shown, and counted by the toast
// and in the page's title.

import { steady } from "./steady.js";
import { words } from "./words.js";

// A notice of what was retracted meanwhile is no update
const countIn = (place) => place.querySelectorAll(".update.pending").length;
// Updates that are shown in one task: on a slow phone, too, as long as a blink
const AT_ONCE = 40;
let title = document.title;

// What is pending in a feed. `calm()` says whether something new may appear; `arrived(updates, calm)` takes new ones that
// are in their place already; `reveal()` shows and gives what was pending; `look()` does so if it may, or counts.
export function pending(feed) {
  const head = feed.querySelector(".feed-head"), toast = feed.querySelector(".toast button");

  // The reader looks at the top of the feed, or has not come to it yet, and has nothing in hand. An editor at the desk
  // always has, and waits for nothing. In a frame, `away` says that the page around it is elsewhere.
  function calm() {
    const edge = Math.max(0, feed.closest(".rail")?.getBoundingClientRect().top ?? 0);
    return !toast || !(
      document.hidden || feed.away || (!feed.order && head.getBoundingClientRect().bottom <= edge) ||
      document.activeElement?.matches("input, select, textarea") || !getSelection().isCollapsed
    );
  }

  // They are shown by tasks of their own, so that a hundred at once do not hold up the page for long.
  function arrived(updates, calm) {
    for (const update of updates) update.classList.add("fresh", "pending");
    if (calm) setTimeout(look);
    else count();
  }

  const look = () => (calm() ? steady(() => reveal(AT_ONCE)) : count());

  function reveal(most) {
    const shown = [...feed.list.querySelectorAll(".pending")].slice(0, most);
    shown.forEach((item) => item.classList.remove("pending"));
    feed.number();
    if (shown.length) feed.visit.again?.();
    if (most && countIn(feed.list)) setTimeout(look);
    else count();
    return shown;
  }

  // To the first of what is new: with the head of the feed where both are in view, since what is pinned and the key
  // events may fill screens between them.
  function lead() {
    const first = reveal().find((item) => item.matches(".update"));
    if (!feed.order) head.scrollIntoView({ block: "nearest" });
    first.scrollIntoView({ block: "nearest" });
    first.querySelector("article").focus({ preventScroll: true });
  }

  function count() {
    if (!toast) return;
    const count = countIn(feed.list);
    toast.hidden = !count;
    toast.textContent = words(toast, "new", { count });
    entitle();
  }

  if (toast) {
    toast.addEventListener("click", lead);
    document.addEventListener("visibilitychange", look);
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && look(), { threshold: 1 }).observe(head);
  }
  return { calm, arrived, reveal, look };
}

// Gives the page this title, after the number of what is pending in all its feeds.
export function entitle(words) {
  title = words || title;
  const count = countIn(document);
  document.title = (count ? `(${count}) ` : "") + title;
}
