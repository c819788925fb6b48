// What comes as HTML, and Show More: the next older updates, in place.

import { ask } from "./line.js";
import { localise } from "./times.js";
import { trusted } from "./words.js";

// The elements that this HTML makes, with the reader's times.
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = trusted(html);
  localise(template.content);
  return [...template.content.children];
}

// Loads what the link leads to, into that feed.
export async function showMore(feed, link) {
  // What changes while the older updates are on their way, and might be older in them.
  feed.during = [];
  link.ariaBusy = true;
  try {
    const answer = await ask(link.dataset.older);
    const [epoch, version] = answer.headers.get("Feed-Position").split(" ");
    const items = parse(await answer.text());
    if (epoch !== feed.epoch) return feed.reload();
    feed.floor = items.at(-1) ?? feed.floor;
    feed.list.append(...items.filter(({ id }) => !document.getElementById(id)));
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("Link"))?.[1];
    if (next) {
      link.dataset.older = next;
      // The same place, for when the next press fails.
      link.search = new URL(next, location).search;
    } else link.parentElement.remove();
    const missed = feed.during.filter((change) => change.version > version);
    feed.during = null;
    for (const change of missed) feed.apply(change);
    feed.number();
    feed.visit.again?.();
    // The keyboard goes on where the new ones begin, not at the end of the page.
    if (!next) items[0]?.querySelector("article")?.focus({ preventScroll: true });
  } catch {
    // The plain link shows the same, or the browser's own words of what is wrong.
    location.assign(link.href);
  }
  feed.during = null;
  link.ariaBusy = false;
}
