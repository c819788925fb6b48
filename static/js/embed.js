// A feed in a frame on another site's page. It tells that page its height and nothing else, and asks nothing of it.

import "./feed.js";

const feed = document.querySelector("live-feed");
if (feed) {
  // A frame that is shown whole does not scroll; where the reader is can only be told by what is in view.
  new IntersectionObserver(([{ isIntersecting }]) => {
    feed.away = !isIntersecting;
    feed.pending.look();
  }).observe(feed.querySelector(".feed-head"));
}

if (parent !== window) {
  const tell = () => parent.postMessage({ liveline: { height: Math.ceil(document.body.getBoundingClientRect().height) } }, "*");
  new ResizeObserver(tell).observe(document.body);
  // The page's script may load later than the frame, and then asks. The answer is the height, whatever it asks.
  addEventListener("message", ({ source }) => source === parent && tell());
}
