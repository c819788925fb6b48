// What arrived while the reader was busy elsewhere is pending: in its place, but not shown, and counted by the toast
// and in the page's title.

import { words } from "./words.js";

const BUSY = "input:focus, select:focus, textarea:focus";
// What is pending, by toast.
const counts = new Map();
let title = document.title;

export class Pending {
  constructor(feed) {
    this.feed = feed;
    this.head = feed.querySelector(".feed-head");
    this.toast = feed.querySelector(".toast button");
    if (!this.toast) return;
    const look = () => this.calm() && this.reveal();
    this.toast.addEventListener("click", () => this.#lead());
    document.addEventListener("visibilitychange", look);
    new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && look(), { threshold: 1 }).observe(this.head);
  }

  // Whether something new may appear: the reader looks at the top of the feed, or has not come to it yet, and has
  // nothing in hand. An editor at the desk always has, and waits for nothing.
  calm() {
    const { feed, head, toast } = this;
    const edge = Math.max(0, feed.closest(".rail")?.getBoundingClientRect().top ?? 0);
    const busy = () => document.hidden || !getSelection().isCollapsed || document.querySelector(BUSY);
    const plays = () => [...document.querySelectorAll("video")].some((video) => !video.paused);
    return !toast || ((feed.order || head.getBoundingClientRect().bottom > edge) && !busy() && !plays());
  }

  // New updates, already in their place.
  arrived(updates, calm) {
    for (const update of updates) update.classList.add("fresh", calm ? "fresh" : "pending");
    if (calm && updates.length) this.reveal();
    else this.#count();
  }

  reveal() {
    const pending = this.feed.list.querySelectorAll(".pending");
    pending.forEach((item) => item.classList.remove("pending"));
    this.#count();
    this.feed.number();
    if (pending.length) this.feed.visit.again();
    return pending;
  }

  // To the newest update, wherever the list has it.
  #lead() {
    const [first] = this.reveal();
    const oldest = this.feed.order;
    (oldest ? first : this.head).scrollIntoView({ block: "nearest" });
    (oldest ? first : this.feed.list).querySelector("article").focus({ preventScroll: true });
  }

  #count() {
    const { toast } = this;
    if (!toast) return;
    const count = this.feed.list.querySelectorAll(".update.pending").length;
    counts.set(toast, count);
    toast.hidden = !count;
    toast.textContent = words(toast, "new", { count });
    entitle();
  }
}

// Gives the page this title, after the number of what is pending in all its feeds.
export function entitle(words = title) {
  title = words;
  const count = [...counts.values()].reduce((sum, each) => sum + each, 0);
  document.title = (count ? `(${count}) ` : "") + title;
}
