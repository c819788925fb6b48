// The page's line to the server: one socket for all its feeds, and polling while there is no socket.

import { Socket } from "./socket.js";

// ms without a socket: a short break is not worth a request
const POLL_AFTER = 3_000;
// ms between polls, with jitter; the slowest that still feels live
const POLL = 10_000;
// ms while nobody is looking
const POLL_HIDDEN = 60_000;
// ms, with jitter, after the server could not say: a locked database is free by then
const ASK_AGAIN = 4_000;

const feeds = new Set(), resting = new Set();
let socket, connected = false, timer;

// Keeps the feed current from now on.
export function follow(feed) {
  feeds.add(feed);
  resting.delete(feed);
  if (connected) return ask(feed);
  if (feeds.size > 1) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  socket ??= new Socket(`${scheme}//${location.host}/socket.io/?EIO=4&transport=websocket`, listener);
  socket.open();
  poll(POLL_AFTER);
}

// Follows no longer, but looks whenever the reader comes back to the page. With the last one the socket is closed, and
// nothing polls any more.
export function rest(feed) {
  resting.add(feed);
  if (!feeds.delete(feed)) return;
  if (feeds.size) return connected && socket.emit("unfollow", { feed: feed.name });
  connected = false;
  clearTimeout(timer);
  socket.close();
}

const listener = {
  connected() {
    connected = true;
    clearTimeout(timer);
    feeds.forEach(ask);
  },
  lost() {
    if (!connected) return;
    connected = false;
    feeds.forEach((feed) => feed.offline());
    poll(POLL_AFTER * Math.random() + POLL_AFTER);
  },
  event(name, payload) {
    for (const feed of feeds) {
      if (feed.name !== payload.feed) continue;
      if (name === "updated") feed.receive(payload);
      if (name === "readers") feed.count(payload.readers);
    }
  },
};

function ask(feed) {
  const { name, epoch, version } = feed;
  socket.emit("follow", { feed: name, epoch, version }, (answer) => {
    // A feed that is gone differs in epoch from ours. Any other refusal says nothing about the feed, so the page stays.
    if (!answer.error || answer.error === "no such feed") feed.stands(answer, version);
    else setTimeout(() => connected && feeds.has(feed) && ask(feed), ASK_AGAIN * (0.5 + Math.random()));
  });
}

function poll(wait) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    await Promise.all([...feeds].map((feed) => feed.poll()));
    if (!connected && feeds.size) poll((document.hidden ? POLL_HIDDEN : POLL) * (0.75 + Math.random() / 2));
  }, wait);
}

const look = () => document.hidden || resting.forEach((feed) => feed.poll());
document.addEventListener("visibilitychange", look);
addEventListener("pageshow", ({ persisted }) => persisted && look());
