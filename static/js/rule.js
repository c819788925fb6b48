// The reader's whole rule (docs/protocol.md), without a page. Its twin in Python is `Rule` in tests/reader.py.
//
// Another epoch: reload. A version not above mine: ignore. A hole: catch up. Else apply every change, and only then
// move on to its version. Applying is idempotent, so nothing that arrives twice or late can do harm.

// ms before a catch-up that brought too little is asked again, with jitter; doubled each time up to the longest
const RETRY = 1_000;
const LONGEST_RETRY = 30_000;

// Makes a class that follows a feed by that rule, of one that has
// `epoch`, `version`, `target` (the highest version known of) and `paused`;
// `put(changes)` applies them, and `hold(changes, version)` keeps them back while paused;
// `poll()` asks for what was missed, lets `receive` have it, and gives whether there was an answer;
// `show(state)`, `count(readers)` and `reload()`.
export const follower = (Base) => class extends Base {
  #catching;

  // Takes the answer to `follow`, which was asked at the version `asked`; a push may have come before it. If little was
  // missed, the answer brings it along.
  followed({ epoch, version, readers, missed }, asked) {
    if (epoch !== this.epoch || version < asked) return this.reload();
    this.count(readers);
    if (missed) this.receive(missed);
    else this.reach(version);
  }

  // Takes an envelope: pushed, fetched, or in the answer to `follow`.
  receive({ epoch, after, version, changes, reload }) {
    if (reload || epoch !== this.epoch) return this.reload();
    if (version <= this.version) return;
    if (this.paused) return this.hold(changes, version);
    if (after > this.version) return this.reach(version);
    this.put(changes);
    this.version = version;
    if (version >= this.target) this.show("live");
  }

  // Catches up to that version. There is one catch-up at a time; a push meanwhile raises its target.
  async reach(version) {
    this.target = Math.max(this.target, version);
    if (this.#catching) return;
    this.#catching = true;
    for (let wait = RETRY; this.version < this.target; wait = Math.min(wait * 2, LONGEST_RETRY)) {
      this.show("catching-up");
      if ((await this.poll()) && this.paused) break;
      if (this.version < this.target) await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
    }
    this.#catching = false;
    this.show("live");
  }
};
