// The ARIA feed pattern: https://www.w3.org/WAI/ARIA/apg/patterns/feed/

const STOPS = "a, button, input, select, summary, article[tabindex]";
const ALONG = { PageDown: 1, PageUp: -1 }, OUT = { End: 1, Home: -1 };

// Numbers the items of the list; `size` is how many there are, -1 if there may be more. An empty list is no feed.
export function number(box, items, size) {
  box.role = items.length ? "feed" : "group";
  items.forEach(({ firstElementChild: article }, i) => {
    article.ariaPosInSet = i + 1;
    article.ariaSetSize = size;
  });
}

// Calls `act`, which removes `old` or a part of it. If the focus was there, it moves to the same link in `old` if that
// stays, or else in `next`, or to the first place there.
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

// Handles keys in the list: Page Down and Page Up go from update to update, Ctrl+End and Ctrl+Home leave the feed.
// Where a click has put the focus, these keys scroll as usual.
export function walk(event) {
  const { key, ctrlKey, target, currentTarget } = event;
  const step = (ctrlKey ? OUT : ALONG)[key];
  const here = target.closest("article");
  if (!step || !here || !target.matches(":focus-visible")) return;
  const stops = [...document.querySelectorAll(ctrlKey ? STOPS : "article")].filter(
    (each) => each === here || (each.checkVisibility() && currentTarget.contains(each) !== ctrlKey),
  );
  const stop = stops[stops.indexOf(here) + step];
  if (!stop) return;
  event.preventDefault();
  stop.focus();
}
