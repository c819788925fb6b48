// The feed pattern: https://www.w3.org/WAI/ARIA/apg/patterns/feed/

const STOPS = "a[href], button, input, select, summary, article[tabindex]";
const ALONG = { PageDown: 1, PageUp: -1 }, OUT = { End: 1, Home: -1 };

// Says of each item in that box which it is; `size` is how many there are, -1 when there are more. A feed has some.
export function number(box, items, size) {
  box.role = items.length ? "feed" : "group";
  items.forEach(({ firstElementChild: article }, i) => {
    article.ariaPosInSet = i + 1;
    article.ariaSetSize = size;
  });
}

// Does to `old` what takes it or a part of it away. Whoever had the focus in it has it in
// `next` then, or in `old` where that stays after all, at the same link if it is there.
export function keepFocus(old, next, act) {
  const had = document.activeElement;
  const inside = old.contains(had);
  act();
  if (!inside || had.isConnected) return;
  if (old.isConnected) next = old;
  const stops = [...next.querySelectorAll(STOPS)];
  const same = stops.find((stop) => stop.cloneNode().isEqualNode(had.cloneNode()));
  (same ?? next.querySelector("article") ?? stops[0])?.focus({ preventScroll: true });
}

// What a key does in that box: Page Down and Page Up go from update to update, Ctrl+End and Ctrl+Home out of the feed. A
// mouse leaves the focus somewhere, too, and there the keys scroll as ever.
export function walk(event) {
  const { key, ctrlKey, target, currentTarget } = event;
  const way = (ctrlKey ? OUT : ALONG)[key];
  const here = target.closest("article");
  if (!way || !here || !target.matches(":focus-visible")) return;
  const stops = [...document.querySelectorAll(ctrlKey ? STOPS : "article")].filter(
    (each) => each === here || (each.checkVisibility() && currentTarget.contains(each) !== ctrlKey),
  );
  const stop = stops[stops.indexOf(here) + way];
  if (!stop) return;
  event.preventDefault();
  stop.focus();
}
