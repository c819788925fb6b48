// The feed pattern: https://www.w3.org/WAI/ARIA/apg/patterns/feed/
//
// The bytes of an update are everybody's, so its role is added here. A list may be no feed and its items no articles
// (https://www.w3.org/TR/html-aria/), so the roles stand around the list and within its items.

const STOPS = "a[href], button, input, select, summary, article[tabindex]";
const ALONG = { PageDown: 1, PageUp: -1 }, OUT = { End: 1, Home: -1 };

// Makes a list of updates a feed, by that name.
export function becomeFeed(list, name) {
  list.role = "none";
  list.parentElement.ariaLabel = name;
  list.parentElement.addEventListener("keydown", walk);
}

// Makes an item of it an article.
export function dress(item) {
  const article = document.createElement("article");
  const label = item.querySelector(":scope > h3") ?? item.firstElementChild;
  article.tabIndex = -1;
  if (label) article.setAttribute("aria-labelledby", (label.id ||= `${item.id}-label`));
  article.append(...item.childNodes);
  item.role = "none";
  item.append(article);
}

// Says of each item which it is; `size` is how many there are, -1 when there are more. Without any it is no feed.
export function number(list, items, size) {
  list.parentElement.role = items.length ? "feed" : "group";
  items.forEach(({ firstElementChild: article }, i) => {
    article.ariaPosInSet = i + 1;
    article.ariaSetSize = size;
  });
}

// Does to `old` what takes it away. Whoever had the focus in it has it in `next` then, at the same link if it is there.
export function keepFocus(old, next, act) {
  const had = document.activeElement;
  const inside = old.contains(had);
  act();
  if (!inside) return;
  const stops = [...next.querySelectorAll(STOPS)];
  const same = stops.find((stop) => stop.cloneNode().isEqualNode(had.cloneNode()));
  (same ?? next.querySelector("article") ?? stops[0])?.focus({ preventScroll: true });
}

// Page Down and Page Up go from update to update, Ctrl+End and Ctrl+Home out of the feed. A mouse leaves the focus
// somewhere, too, and there the keys scroll as ever.
function walk(event) {
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
