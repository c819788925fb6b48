// A feed in a frame on another site's page. That page is told how high it is, and nothing else, and is asked nothing.

import "./feed.js";

const feed = document.querySelector("live-feed");
if (feed) {
  // A frame that is shown whole does not scroll itself, and knows the reader's place by what is in view alone.
  new IntersectionObserver(([{ isIntersecting }]) => {
    feed.away = !isIntersecting;
    feed.pending.look();
  }).observe(feed.querySelector(".feed-head"));
}

if (parent !== window) {
  const tell = () => parent.postMessage({ liveline: { height: Math.ceil(document.body.getBoundingClientRect().height) } }, "*");
  new ResizeObserver(tell).observe(document.body);
  // The page's script may have come later than the frame. Whatever it says, this is the answer.
  addEventListener("message", ({ source }) => source === parent && tell());
}
