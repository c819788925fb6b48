// Where was I: a line at the place where the reader left a feed, how many updates are new above it, and a choice to see
// only the key events among them. The place is kept on this device alone.

import { say } from "./aloud.js";
import { recall, remember } from "./memory.js";
import { steady } from "./steady.js";
import { now, timeOfDay } from "./times.js";
import { words } from "./words.js";

// ms in another tab after which the line is drawn; a reader who returns sooner still knows the place
const AWAY = 300_000;

// Watches when the reader leaves and returns. `again()` draws the line after an absence, and moves it when more is
// displayed; `catchUp(on)` displays only the key events among the new ones, or all, and says how many.
export function visit(feed) {
  const head = feed.querySelector(".since");
  // Only this view begins with the newest update.
  if (!head || feed.shows !== "top" || feed.only || feed.order) return {};
  const kept = `left ${feed.feed}`, line = document.createElement("li"), [summary, button] = head.children;
  let left = recall(kept)?.split(" "), since, count;
  line.className = "left";

  function catchUp(on) {
    if (on === feed.hasAttribute("key-only")) return;
    steady(() => feed.toggleAttribute("key-only", on));
    describe();
    say(summary.textContent);
  }

  function describe() {
    const on = feed.hasAttribute("key-only");
    const shown = feed.items().filter((item) => item.matches(".missed:is(.is-key, .fresh)")).length;
    summary.textContent = on ? words(head, "shown", { shown, count }) : since;
    button.textContent = words(button, on ? "all" : "key");
  }

  function again(away = AWAY) {
    if (!left || !(line.isConnected || !head.hidden || now() - left[2] > away)) return;
    const place = { dataset: { at: left[0] }, id: left[1] };
    const items = feed.items(), missed = items.filter((item) => feed.above(item, place)), end = items[missed.length];
    if (!missed.length) return;
    // If the place is below what is loaded, there are more.
    count = missed.length + (end || !feed.older ? 0 : "+");
    since = words(head, "since", { count, time: timeOfDay(+left[2]) });
    steady(() => {
      items.forEach((item, i) => item.classList.toggle("missed", i < missed.length));
      head.hidden = false;
      button.hidden = !missed.some((item) => item.matches(".is-key"));
      describe();
      line.textContent = `${words(head, "left")} · ${since}`;
      end?.before(line);
    });
  }

  function leave() {
    const [newest] = feed.items();
    if (!newest) return;
    left = [newest.dataset.at, newest.id, now()];
    remember(kept, left.join(" "));
  }

  button.addEventListener("click", () => catchUp(!feed.hasAttribute("key-only")));
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);
  again(0);
  return { again, catchUp };
}
