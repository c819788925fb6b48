// A Socket.IO v5 client over the native WebSocket: connect, events, acks, heartbeat, and coming back.
// The official bundle is ten times this size and needs Node to install. The protocol:
// https://socket.io/docs/v4/socket-io-protocol/ and https://socket.io/docs/v4/engine-io-protocol/

// ms; doubled with each failure
const FIRST_RETRY = 1_000;
// ms; the full jitter below it spreads a crowd that lost its server
const LAST_RETRY = 30_000;

export class Socket {
  #url; #listener; #wanted; #ws; #timer; #silence; #limit = 45_000; #heard = 0; #failures = 0; #acks = new Map(); #last = 0;

  // `listener` has connected(), lost() and event(name, payload).
  constructor(url, listener) {
    this.#url = url;
    this.#listener = listener;
    const wake = () => this.#wanted && this.#wake();
    addEventListener("online", wake);
    // It may stay open for a minute without a word
    addEventListener("offline", () => this.#lose(this.#ws));
    addEventListener("pageshow", wake);
    // An open socket may keep the page out of the back/forward cache
    addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.hidden || wake());
    this.open();
  }

  open() {
    this.#wanted = true;
    this.#wake();
  }

  // Ends it, without a word to the listener; what was not answered yet is never answered.
  close() {
    this.#wanted = false;
    this.#leave();
  }

  // Sends an event; `answered` gets the ack. When the connection is lost before that, it is never called.
  emit(name, payload, answered) {
    this.#acks.set(++this.#last, answered);
    this.#send(`42${this.#last}${JSON.stringify([name, payload])}`);
  }

  // There is reason to believe that it works now, or that it no longer does: do not wait for a timer.
  #wake() {
    if (this.#ws && Date.now() - this.#heard > this.#limit) this.#lose(this.#ws);
    if (!this.#ws) this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    const ws = (this.#ws = new WebSocket(this.#url));
    this.#hear();
    ws.onmessage = ({ data }) => ws === this.#ws && this.#receive(data);
    ws.onerror = ws.onclose = () => this.#lose(ws);
  }

  #receive(packet) {
    this.#hear();
    const kind = typeof packet === "string" ? packet.slice(0, packet[0] === "4" ? 2 : 1) : "";
    if (kind === "0") {
      const { pingInterval, pingTimeout } = JSON.parse(packet.slice(1));
      this.#limit = pingInterval + pingTimeout;
      this.#send("40");
    } else if (kind === "2") this.#send("3");
    else if (kind === "40") {
      this.#failures = 0;
      this.#listener.connected();
    } else if (kind === "42") this.#listener.event(...JSON.parse(packet.slice(packet.indexOf("["))));
    else if (kind === "43") {
      const start = packet.indexOf("[");
      const id = Number(packet.slice(2, start));
      this.#acks.get(id)?.(...JSON.parse(packet.slice(start)));
      this.#acks.delete(id);
    } else if (kind === "1" || kind === "41" || kind === "44") this.#lose(this.#ws);
  }

  #send(packet) {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.send(packet);
  }

  #hear() {
    this.#heard = Date.now();
    clearTimeout(this.#silence);
    this.#silence = setTimeout((ws) => this.#lose(ws), this.#limit, this.#ws);
  }

  #lose(ws) {
    // Both error and close arrive, and a socket that was given up may still speak
    if (!ws || ws !== this.#ws) return;
    this.#leave();
    const most = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** this.#failures++);
    this.#timer = setTimeout(() => this.#connect(), Math.random() * most);
    this.#listener.lost();
  }

  #leave() {
    const ws = this.#ws;
    this.#ws = null;
    this.#acks.clear();
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    ws?.close();
  }
}
