// <live-feed>: the reader's whole rule, and Show More.
//
// Another epoch: reload. A version not above mine: ignore. A hole: catch up. Else apply every change, and only then
// move on to its version. Applying is idempotent, so nothing that arrives twice or late can do harm.

import { follow, unfollow } from "./line.js";
import { reload } from "./reload.js";
import { localise, timeOfDay } from "./times.js";

const RETRY = 1_000; // ms before a catch-up that brought too little is asked again; doubled, with jitter
const PATIENCE = 15_000; // ms for an answer: one that never comes must not end all trying

export class LiveFeed extends HTMLElement {
  connectedCallback() {
    this.name = this.getAttribute("feed");
    this.epoch = this.getAttribute("epoch");
    this.version = Number(this.getAttribute("version"));
    this.target = this.version; // the highest version we know of
    this.readers = 0; // as far as we were told
    this.list = this.querySelector("ol.updates");
    const items = this.#items();
    // The part of the feed that this page shows, by the updates at its ends: those may be retracted, the ends stay.
    this.ceiling = items[0];
    this.floor = items.at(-1);
    this.addEventListener("click", (event) => this.#clicked(event));
    localise(this);
    if (!this.hasAttribute("still")) follow(this); // nobody can follow a draft's feed, nor an editor at the desk
  }

  disconnectedCallback() {
    unfollow(this);
  }

  // What `follow` answered: where the feed stands. It was asked at the version `asked`; a push may have overtaken it.
  stands({ epoch, version, readers }, asked) {
    this.readers = readers ?? this.readers;
    if (epoch !== this.epoch || version < asked) this.#reload();
    else this.#reach(version);
  }

  // An envelope, pushed or fetched.
  receive({ epoch, after, version, changes, reload }) {
    if (reload || epoch !== this.epoch) return this.#reload();
    if (version <= this.version) return;
    if (after > this.version) return this.#reach(version);
    for (const change of changes) this.#apply(change);
    this.version = version;
    this.setAttribute("version", version);
  }

  async poll() {
    try {
      this.receive(await this.#changes());
      this.#show("live");
    } catch {
      this.offline();
    }
  }

  offline() {
    this.#show("offline");
  }

  // Catches up until that version is reached. One at a time; a push meanwhile only raises the target.
  async #reach(version) {
    this.target = Math.max(this.target, version);
    if (this.catching) return;
    this.catching = true;
    for (let wait = RETRY; this.version < this.target; wait = Math.min(wait * 2, 30 * RETRY)) {
      this.#show("catching-up");
      try {
        this.receive(await this.#changes());
      } catch {
        this.offline();
      }
      if (this.version < this.target) await new Promise((done) => setTimeout(done, wait * (0.5 + Math.random())));
    }
    this.catching = false;
    this.#show("live");
  }

  async #changes() {
    const address = `/feeds/${this.name}/changes?after=${this.version}&epoch=${this.epoch}`;
    // Never from the browser's own cache: what it kept for a second may be what we have already.
    const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status === 404) this.#reload();
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  #apply(change) {
    this.during?.push(change);
    const old = this.querySelector(`[id="${change.id}"]`) ?? document.getElementById(change.id);
    if (change.html === null) return old?.remove();
    if (Number(old?.dataset.version) > change.version) return; // Show More brought a later state of it
    const template = document.createElement("template");
    template.innerHTML = change.html;
    const fresh = template.content.firstElementChild;
    localise(fresh);
    if (change.id === `headline-${this.name}`) this.#retitle(change.id, fresh.textContent);
    if (old) {
      const folds = old.querySelectorAll("details");
      fresh.querySelectorAll("details").forEach((fold, i) => (fold.open = folds[i]?.open ?? fold.open));
      old.replaceWith(fresh);
    } else if (fresh.dataset.at) this.#insert(fresh);
  }

  // The headline stands elsewhere too: in the way back to the article, and in the page's title.
  #retitle(id, words) {
    for (const copy of document.querySelectorAll(`[data-copy="${id}"]`)) copy.textContent = words;
    const title = this.getAttribute("page-title");
    if (title) document.title = title.replace("{headline}", () => words);
  }

  // Puts a new update at its place: by time, then by id. What is beyond the part of the feed that this page shows
  // stays out: it comes with Show More, or with the newer page.
  #insert(fresh) {
    const shows = this.getAttribute("shows");
    if (shows === "one") return;
    if (shows === "older" && (!this.ceiling || isNewer(fresh, this.ceiling))) return;
    if (this.querySelector("[data-older]") && isNewer(this.floor, fresh)) return;
    fresh.classList.add("fresh");
    const next = this.#items().find((item) => isNewer(fresh, item));
    if (next) next.before(fresh);
    else this.list.append(fresh);
  }

  #items() {
    return [...this.list.querySelectorAll(":scope > li[data-at]")];
  }

  #clicked(event) {
    const link = event.target.closest("[data-older]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!this.during) this.#older(link);
  }

  async #older(link) {
    this.during = []; // what changes while the older updates are on their way, and might be older in them
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.dataset.older, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (!answer.ok) throw new Error(answer.status);
      const [epoch, version] = answer.headers.get("Feed-Position").split(" ");
      const template = document.createElement("template");
      template.innerHTML = await answer.text();
      if (epoch !== this.epoch) return this.#reload();
      localise(template.content);
      const items = [...template.content.children];
      this.floor = items.at(-1) ?? this.floor;
      for (const item of items) {
        if (!this.querySelector(`[id="${item.id}"]`)) this.list.append(item);
      }
      const next = /<([^>]+)>; rel="next"/.exec(answer.headers.get("Link") ?? "")?.[1];
      if (next) {
        link.dataset.older = next;
        link.search = new URL(next, location).search; // the same place, for when the next press fails
      } else link.parentElement.remove();
      const missed = this.during.filter((change) => change.version > version);
      this.during = null;
      for (const change of missed) this.#apply(change);
      // The keyboard goes on where the new ones begin, not at the end of the page.
      if (!next) items[0]?.querySelector("a")?.focus({ preventScroll: true });
    } catch {
      location.assign(link.href); // the plain link shows the same, or the browser's own words of what is wrong
    } finally {
      this.during = null;
      link.removeAttribute("aria-busy");
    }
  }

  #show(state) {
    if (this.getAttribute("state") === state) return;
    this.setAttribute("state", state);
    const words = this.querySelector(".state");
    const said = { live: "live", "catching-up": "catchingUp", offline: "offline" }[state];
    if (words) words.textContent = words.dataset[said].replace("{time}", timeOfDay());
  }

  #reload() {
    reload(this.readers);
  }
}

function isNewer(a, b) {
  if (a.dataset.at !== b.dataset.at) return a.dataset.at > b.dataset.at;
  return Number(a.id.split("-")[1]) > Number(b.id.split("-")[1]);
}
