// Where was I: a line where the reader left a feed, how much is new above it, and only its key events if need be.
// The place is kept on this device alone.

import { recall, remember } from "./memory.js";
import { steady } from "./steady.js";
import { now, timeOfDay } from "./times.js";
import { words } from "./words.js";

// ms in another tab; whoever comes back sooner still knows
const AWAY = 300_000;

export class Visit {
  constructor(feed) {
    this.feed = feed;
    this.head = feed.querySelector(".since");
    // Other views of a feed do not begin with its newest update.
    if (!this.head || feed.shows !== "top" || feed.only || feed.order) return;
    this.button = this.head.querySelector("button");
    this.button.addEventListener("click", () => this.catchUp(!feed.hasAttribute("key-only")));
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
    addEventListener("pagehide", () => this.#leave());
    this.line = document.createElement("li");
    this.line.className = "left";
    this.left = recall(`left ${feed.name}`)?.split(" ");
    this.again(0);
  }

  // Shows only the key ones of what was missed, or all.
  catchUp(on) {
    if (this.button) this.button.ariaPressed = on;
    steady(() => this.feed.toggleAttribute("key-only", on));
  }

  // Draws the line after an absence of that length, and again when more is shown than before.
  again(away = AWAY) {
    const { feed, head, line, left, button } = this;
    if (!left || !(line.isConnected || head.hidden === false || now() - left[2] > away)) return;
    const mark = { dataset: { at: left[0] }, id: left[1] };
    const shown = feed.items().filter((item) => !item.matches(".pending"));
    const end = shown.find((item) => !feed.above(item, mark));
    const missed = end ? shown.slice(0, shown.indexOf(end)) : shown;
    if (!missed.length) return;
    const name = end || !feed.querySelector("[data-older]") ? "since" : "more";
    const since = words(head, name, { count: missed.length, time: timeOfDay(Number(left[2])) });
    steady(() => {
      shown.forEach((item) => item.classList.toggle("missed", missed.includes(item)));
      head.firstElementChild.textContent = since;
      head.hidden = false;
      button.hidden = !missed.some((item) => item.matches(".is-key"));
      line.textContent = `${words(head, "left")} · ${since}`;
      end?.before(line);
    });
  }

  #leave() {
    const newest = this.feed.list.querySelector("li[data-at]:not(.pending)");
    if (!newest) return;
    this.left = [newest.dataset.at, newest.id, now()];
    remember(`left ${this.feed.name}`, this.left.join(" "));
  }
}
