// Parsing of HTML that the server sends, and Show More, which appends the next older updates.

import { say } from "./aloud.js";
import { ask } from "./line.js";
import { localise } from "./times.js";
import { trusted, words } from "./words.js";

// The elements of that HTML, with times in the reader's zone.
export function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = trusted(html);
  localise(template.content);
  return [...template.content.children];
}

// Loads what the link leads to into that feed. If that fails, the link says so and can be pressed again.
export async function showMore(feed, link) {
  // Changes that are pushed meanwhile. The answer may hold an earlier version of the same updates.
  feed.during = [];
  link.ariaBusy = true;
  const byKey = link.matches(":focus-visible");
  try {
    const answer = await ask(link.dataset.older);
    if (answer.status === 404) return feed.reload();
    const [epoch, version] = answer.headers.get("Feed-Position").split(" ");
    const items = parse(await answer.text());
    if (epoch !== feed.epoch) return feed.reload();
    feed.last = items.at(-1) ?? feed.last;
    const came = items.filter(({ id }) => !document.getElementById(id));
    feed.list.append(...came);
    link.textContent = words(link, "more");
    say(words(link, "came", { count: came.filter((item) => item.matches(".update")).length }));
    const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("Link"))?.[1];
    if (next) {
      link.dataset.older = next;
      // The same page for a press that the script cannot serve.
      link.search = new URL(next, location).search;
    } else link.parentElement.remove();
    const missed = feed.during.filter((change) => change.version > version);
    feed.during = null;
    for (const change of missed) feed.apply(change);
    feed.number();
    feed.visit.again?.();
    // The focus goes to the first of them.
    came[0]?.querySelector("article")?.focus({ preventScroll: !byKey });
  } catch {
    say((link.textContent = words(link, "failed")));
  }
  feed.during = null;
  link.ariaBusy = false;
}
