// A Socket.IO v5 client over the native WebSocket: connect, events, acks, heartbeat and reconnecting. A page has one.
// The official bundle is ten times this size and needs Node to install. The protocol:
// https://socket.io/docs/v4/socket-io-protocol/ and https://socket.io/docs/v4/engine-io-protocol/

// ms; doubled with each failure
const FIRST_RETRY = 1_000;
// ms; full jitter up to this spreads a crowd that has lost its server
const LAST_RETRY = 30_000;
// WebSocket.OPEN, shorter
const OPEN = 1;

const url = `${location.origin.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`;
const acks = new Map();
let wanted, ws, timer, silence, limit = 45_000, heard = 0, failures = 0, last = 0;

// Handlers: connected(), lost(), event(name, payload), and closed() when the reader returns while it is closed.
export const on = {};

// Connects, and reconnects whenever the connection is lost.
export function open() {
  wanted = true;
  wake();
}

// Closes the connection without calling lost(). Pending acks are never called.
export function close() {
  wanted = false;
  leave();
}

// Sends an event; `answered` gets the ack. If the connection is lost before, it is never called.
export function emit(name, payload, answered) {
  acks.set(++last, answered);
  send(`42${last}${JSON.stringify([name, payload])}`);
}

// Called when the state of the network may have changed: checks and connects now instead of at the timer.
function wake() {
  if (!wanted) return on.closed();
  if (Date.now() - heard > limit) lose(ws);
  if (!ws) connect();
}

function connect() {
  clearTimeout(timer);
  const mine = (ws = new WebSocket(url));
  hear();
  ws.onmessage = ({ data }) => mine === ws && receive(data);
  ws.onclose = () => lose(mine);
}

function receive(packet) {
  hear();
  const [kind] = /^4?\d?/.exec(packet);
  const payload = () => JSON.parse(packet.slice(packet.search(/[[{]/)));
  if (kind === "0") {
    const { pingInterval, pingTimeout } = payload();
    limit = pingInterval + pingTimeout;
    send("40");
  } else if (kind === "2") send("3");
  else if (kind === "40") {
    failures = 0;
    on.connected();
  } else if (kind === "42") on.event(...payload());
  else if (kind === "43") {
    const id = parseInt(packet.slice(2));
    acks.get(id)?.(...payload());
    acks.delete(id);
  } else lose(ws); // "1", "41", "44" and what is no packet
}

function send(packet) {
  if (ws?.readyState === OPEN) ws.send(packet);
}

function hear() {
  heard = Date.now();
  clearTimeout(silence);
  silence = setTimeout(lose, limit, ws);
}

function lose(old) {
  // Sockets that were given up close later.
  if (!old || old !== ws) return;
  leave();
  timer = setTimeout(connect, Math.random() * Math.min(LAST_RETRY, FIRST_RETRY * 2 ** failures++));
  on.lost();
}

function leave() {
  const old = ws;
  ws = null;
  acks.clear();
  clearTimeout(timer);
  clearTimeout(silence);
  old?.close();
}

addEventListener("online", wake);
// Otherwise it may stay open for a minute without noticing.
addEventListener("offline", () => lose(ws));
addEventListener("pageshow", ({ persisted }) => persisted && wake());
// An open socket can keep the page out of the back/forward cache.
addEventListener("pagehide", leave);
document.addEventListener("visibilitychange", () => document.hidden || wake());
