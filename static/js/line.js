// The page's connection to the server: one socket for all its feeds, and polling while there is no socket.

import { close, emit, on, open } from "./socket.js";

// ms without a socket before the first poll; a short break is not worth a request
const POLL_AFTER = 3_000;
// ms between polls, with jitter; the slowest that still feels live
const POLL = 10_000;
// ms between polls of a hidden tab
const POLL_HIDDEN = 60_000;
// ms, with jitter, until `follow` is asked again; a locked database is free by then
const ASK_AGAIN = 4_000;

// ms to wait for an answer; one that never comes must not end the polling
const PATIENCE = 15_000;

const feeds = new Set();
let timer, connected = false, over = true;

// Whether there is a socket. Without one the page is as new as its last poll.
export const online = () => connected;

// Fetches an address past the browser's own cache, which may hold what the page has already.
export const ask = (address) => fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });

// Keeps the feed current from now on. Call it again when its coverage may have ended or been reopened: once the
// coverage of all feeds has ended, the socket is closed, nothing polls, and they are fetched when the reader returns to
// the page.
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

// A hidden tab polls seldom; a reader who returns to it need not wait.
document.addEventListener("visibilitychange", () => document.hidden || connected || over || poll(POLL_AFTER));

function join(feed) {
  const { feed: name, epoch, version } = feed;
  emit("follow", { feed: name, epoch, version }, (answer) => {
    // A feed that is gone has no epoch, so the page reloads. Any other refusal says nothing about the feed.
    if (!answer.error || answer.error === "no such feed") feed.followed(answer, version);
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
