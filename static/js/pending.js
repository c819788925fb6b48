// What arrived while the reader was busy elsewhere is pending: in its place, but not shown, and counted by the toast
// and in the page's title.

import { steady, topOf } from "./steady.js";
import { words } from "./words.js";

// A notice of what was retracted meanwhile is no update
const countIn = (place) => place.querySelectorAll(".update.pending").length;
// Updates that are shown in one task: on a slow phone, too, as long as a blink
const AT_ONCE = 40;
// ms after one came under the eyes until another does by itself: time to find the line again. Each of those that came
// together waits twice as long as the one before.
const REST = 4_000;
let title = document.title;

// What is pending in a feed. `calm()` says whether something new may appear; `arrived(updates, calm)` takes new ones that
// are in their place already; `reveal()` shows and gives what was pending; `look()` does so if it may, or counts;
// `lead()` leads there.
export function pending(feed) {
  const head = feed.querySelector(".feed-head"), toast = feed.querySelector(".toast button");
  let rest = REST / 2, timer;

  // The reader looks at the top of the feed, or has not come to it yet, and has nothing in hand. An editor at the desk
  // always has, and waits for nothing. In a frame, `away` says that the page around it is elsewhere.
  function calm() {
    const rail = feed.closest(".rail"), edge = Math.max(0, rail ? topOf(rail) : 0);
    return !toast || !(
      document.hidden || feed.away || (!feed.order && head.getBoundingClientRect().bottom <= edge) ||
      document.activeElement?.matches("input, select, textarea") || !getSelection().isCollapsed
    );
  }

  function arrived(updates, calm) {
    for (const update of updates) update.classList.add("fresh", "pending");
    if (calm) setTimeout(next);
    else count();
  }

  // Where somebody reads, they appear one at a time, the oldest first, and the toast has the others.
  function next() {
    if (!toast || feed.order || topOf(feed.list) > innerHeight) look();
    else if (timer) count();
    else show(1);
  }

  const look = () => show(AT_ONCE);

  const show = (most) => (calm() ? steady(() => reveal(most)) : count());

  // They are shown by tasks of their own, so that a hundred at once do not hold up the page for long.
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

  // Goes on and to the first of what is new: with the head of the feed where both are in view, since what is pinned and the key
  // events may fill screens between them.
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
    // What is below the view counts as seen: deep is who has the head above it.
    new IntersectionObserver(([{ isIntersecting }]) => {
      feed.toggleAttribute("deep", !isIntersecting);
      if (isIntersecting) look();
    }, { threshold: 1, rootMargin: "0% 0% 9999%" }).observe(head);
  }
  return { calm, arrived, reveal, look, lead, count };
}

// Gives the page this title, after the number of what is pending in all its feeds.
export function entitle(words) {
  title = words || title;
  const count = countIn(document);
  document.title = (count ? `(${count}) ` : "") + title;
}
