// The page's line to the server: one socket for all its feeds, and polling while there is no socket.

import { close, emit, on, open } from "./socket.js";

// ms without a socket: a short break is not worth a request
const POLL_AFTER = 3_000;
// ms between polls, with jitter; the slowest that still feels live
const POLL = 10_000;
// ms while nobody is looking
const POLL_HIDDEN = 60_000;
// ms, with jitter, after the server could not say: a locked database is free by then
const ASK_AGAIN = 4_000;

// ms for an answer: one that never comes must not end all trying
const PATIENCE = 15_000;

const feeds = new Set();
let timer, connected = false, over = true;

// Whether there is a socket; without one the page is as new as its last poll.
export const online = () => connected;

// Fetches that, but not from the browser's own cache: what it kept for a second may be what we have already.
export const ask = (address) => fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });

// Keeps the feed current from now on. To be called again when its coverage has ended or goes on: when all are over, the
// socket is closed and nothing polls any more. Then they are looked up whenever the reader comes back to the page.
export function follow(feed) {
  if (connected && !feeds.has(feed)) join(feed);
  const before = over;
  over = [...feeds.add(feed)].every(({ ended }) => ended);
  if (over === before) return;
  if (over) {
    connected = false;
    clearTimeout(timer);
    return close();
  }
  open();
  poll(POLL_AFTER);
}

Object.assign(on, {
  connected() {
    connected = true;
    clearTimeout(timer);
    feeds.forEach(join);
  },
  lost() {
    if (!connected) return;
    connected = false;
    feeds.forEach((feed) => feed.show("offline"));
    poll(POLL_AFTER * Math.random() + POLL_AFTER);
  },
  event(name, payload) {
    for (const feed of feeds) {
      if (feed.feed !== payload.feed) continue;
      if (name === "updated") feed.receive(payload);
      if (name === "readers") feed.count(payload.readers);
    }
  },
  closed() {
    feeds.forEach((feed) => feed.poll());
  },
});

// A hidden tab polls seldom, and who comes back to it need not wait.
document.addEventListener("visibilitychange", () => document.hidden || connected || over || poll(POLL_AFTER));

function join(feed) {
  const { feed: name, epoch, version } = feed;
  emit("follow", { feed: name, epoch, version }, (answer) => {
    // A feed that is gone differs in epoch from ours. Any other refusal says nothing about the feed, so the page stays.
    if (!answer.error || answer.error === "no such feed") feed.stands(answer, version);
    else setTimeout(() => connected && join(feed), ASK_AGAIN * (0.5 + Math.random()));
  });
}

function poll(wait) {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    await Promise.all([...feeds].map((feed) => feed.poll()));
    if (!connected && !over) poll((document.hidden ? POLL_HIDDEN : POLL) * (0.5 + Math.random()));
  }, wait);
}
