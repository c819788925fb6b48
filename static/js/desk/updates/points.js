// The points below a feed, with their tools, follow the box of points above it, which is pushed like any part of the feed.

import "../../feed.js";
import { morph } from "../../morph.js";
import { localise } from "../../times.js";
import { pageIn, request, turnAt } from "../answers.js";

const section = document.querySelector(".what-we-know");

async function renew() {
  const isNewest = turnAt(section);
  try {
    const answer = await request(location.pathname, { redirect: "error" });
    const fresh = answer.ok && (await pageIn(answer)).querySelector(".what-we-know");
    if (!fresh || !isNewest()) return;
    localise(fresh);
    fresh.remove();
    morph(section, fresh);
  } catch {
    // The site does not answer: each button says so itself
  }
}

if (section) {
  const Feed = customElements.get("live-feed").prototype;
  const { put } = Feed;
  Feed.put = function (changes) {
    put.call(this, changes);
    if (changes.some(({ id }) => id === `points-${this.feed}`)) renew();
  };
}
