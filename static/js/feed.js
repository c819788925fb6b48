// <live-feed>: the reader's whole rule, and putting what changed in its place.
//
// Another epoch: reload. A version not above mine: ignore. A hole: catch up. Else apply every change, and only then
// move on to its version. Applying is idempotent, so nothing that arrives twice or late can do harm.
//
// Whether an update is shown at once or waits as pending is a matter of display: it is in its place either way.

import { say, tell } from "./aloud.js";
import { follow, rest } from "./line.js";
import { recall, remember } from "./memory.js";
import { showMore } from "./more.js";
import { becomeFeed, dress, keepFocus, number } from "./pattern.js";
import { entitle, Pending } from "./pending.js";
import { reload } from "./reload.js";
import { share } from "./share.js";
import { steady } from "./steady.js";
import { localise, timeOfDay } from "./times.js";
import { Visit } from "./visit.js";
import { words } from "./words.js";

// ms before a catch-up that brought too little is asked again; doubled, with jitter
const RETRY = 1_000;
// ms for an answer: one that never comes must not end all trying
export const PATIENCE = 15_000;

export class LiveFeed extends HTMLElement {
  connectedCallback() {
    for (const name of ["epoch", "shows", "only", "order", "highlight"]) this[name] = this.getAttribute(name);
    this.name = this.getAttribute("feed");
    this.version = Number(this.getAttribute("version"));
    // The highest version we know of
    this.target = this.version;
    // As far as we were told
    this.readers = 0;
    this.list = this.querySelector("ol.updates");
    const items = this.items();
    // The part of the feed that this page shows, by the updates at its ends: those may be retracted, the ends stay.
    this.ceiling = items[0];
    this.floor = items.at(-1);
    // There, tools stand among the updates, and nothing waits
    this.desk = !this.querySelector(".toast");
    localise(this);
    if (!this.desk) becomeFeed(this.list, this.querySelector(".feed-title")?.textContent);
    items.forEach((item) => this.dress(item));
    this.number();
    this.pending = new Pending(this);
    this.visit = new Visit(this);
    this.#fold(recall(`folded ${this.name}`));
    this.#pause(recall(`paused ${this.name}`, "sessionStorage") === "true");
    for (const act of ["click", "toggle"]) this.addEventListener(act, (event) => this.#acted(event), true);
    if (this.highlight) document.getElementById(this.highlight)?.scrollIntoView({ block: "center" });
    // Nobody can follow a draft's feed, nor an editor at the desk
    if (this.hasAttribute("still")) return;
    this.#settle();
  }

  // What `follow` answered: where the feed stands. It was asked at the version `asked`; a push may have overtaken it.
  stands({ epoch, version, readers }, asked) {
    this.count(readers ?? this.readers);
    if (epoch !== this.epoch || version < asked) this.reload();
    else this.#reach(version);
  }

  // An envelope, pushed or fetched.
  receive({ epoch, after, version, changes, reload }) {
    if (reload || epoch !== this.epoch) return this.reload();
    if (version <= this.version) return;
    if (this.paused) return this.#hold(changes, version);
    if (after > this.version) return this.#reach(version);
    this.#put(changes);
    this.version = version;
    this.setAttribute("version", version);
    this.#settle();
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

  // So many are reading now.
  count(readers) {
    this.readers = readers;
    this.#write(".readers", "now", { count: readers });
  }

  get ended() {
    return !!this.querySelector(".coverage[data-open=no]");
  }

  items() {
    return [...this.list.querySelectorAll(":scope > li[data-at]")];
  }

  // Whether an update stands above another in this list.
  above(a, b) {
    if (this.order === "oldest") [a, b] = [b, a];
    if (a.dataset.at !== b.dataset.at) return a.dataset.at > b.dataset.at;
    return Number(a.id.split("-")[1]) > Number(b.id.split("-")[1]);
  }

  // Gives an item of the list what it has in the browser alone.
  dress(item) {
    item.classList.toggle("highlighted", item.id === this.highlight);
    if (!this.desk) dress(item);
  }

  number() {
    if (this.desk) return;
    const shown = this.items().filter((item) => !item.matches(".pending"));
    number(this.list, shown, this.querySelector("[data-older]") || this.shows === "older" ? -1 : shown.length);
  }

  // Follows while coverage goes on. It may be opened again, so a feed at rest is looked up when the reader comes back to
  // the page, and not before.
  #settle() {
    if (this.resting === this.ended) return;
    this.resting = this.ended;
    if (this.resting) rest(this);
    else follow(this);
    if (this.resting) this.#show("live");
  }

  // Paused: a retraction wins over that too, with what it changes in the parts around the list; all else waits. The
  // version stays behind, so that going on is a catch-up like any other.
  #hold(changes, version) {
    this.target = Math.max(this.target, version);
    const gone = changes.filter(({ id, html }) => html === null || /^<li [^>]*class="retracted/.test(html));
    for (const { id, html } of changes) {
      if (html && !document.getElementById(id) && this.#belongs(parse(html))) this.waiting.add(id);
    }
    for (const { id } of gone) this.waiting.delete(id);
    if (gone.length) this.#put([...gone, ...changes.filter(({ id }) => !id.startsWith("update-"))]);
    this.#show("live");
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
        if (this.paused) break;
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
    if (answer.status === 404) this.reload();
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  }

  // Applies changes, all in one piece of work.
  #put(changes) {
    const calm = this.pending.calm();
    const fresh = [];
    this.list.parentElement.ariaBusy = true;
    steady(() => {
      for (const change of changes) this.apply(change, fresh);
      this.pending.arrived(fresh, calm);
      this.number();
    });
    this.list.parentElement.ariaBusy = false;
    fresh.forEach(tell);
  }

  // Puts a change by its id, or removes what has it; a new update is added to `added`.
  apply(change, added = []) {
    this.during?.push(change);
    const old = document.getElementById(change.id);
    if (change.html === null) return old && this.#remove(old);
    // Show More brought a later state of it
    if (Number(old?.dataset.version) > change.version) return;
    const fresh = parse(change.html);
    if (old && fresh.dataset.at && this.#unwanted(fresh)) return this.#remove(old);
    localise(fresh);
    if (change.id === `headline-${this.name}`) this.#retitle(change.id, fresh.textContent);
    if (fresh.dataset.at) this.dress(fresh);
    if (old) this.#replace(old, fresh);
    else if (this.#belongs(fresh)) {
      this.#insert(fresh);
      if (fresh.matches(".update")) added.push(fresh);
    }
  }

  #remove(old) {
    const next = [old.nextElementSibling, old.previousElementSibling].find((each) => each?.dataset.at) ?? this;
    keepFocus(old, next, () => old.remove());
  }

  #replace(old, fresh) {
    for (const name of ["pending", "missed"]) fresh.classList.toggle(name, old.classList.contains(name));
    const folds = old.querySelectorAll("details");
    fresh.querySelectorAll("details").forEach((fold, i) => (fold.open = folds[i]?.open ?? fold.open));
    keepFocus(old, fresh, () => old.replaceWith(fresh));
    this.#fold();
  }

  #unwanted(fresh) {
    return this.only === "key" && !fresh.matches(".is-key");
  }

  // Whether a new update has its place in what this page shows. What is beyond it comes with Show More, or stands on
  // the newer page.
  #belongs(fresh) {
    if (!fresh.dataset.at || this.shows === "found" || this.#unwanted(fresh)) return false;
    if (this.shows === "older" && (!this.ceiling || this.above(fresh, this.ceiling))) return false;
    return !this.querySelector("[data-older]") || !this.above(this.floor, fresh);
  }

  #insert(fresh) {
    let next = this.list.firstElementChild;
    while (next && !(next.dataset.at && this.above(fresh, next))) next = next.nextElementSibling;
    this.list.insertBefore(fresh, next);
  }

  // The headline stands elsewhere too: in the way back to the article, and in the page's title.
  #retitle(id, words) {
    for (const copy of document.querySelectorAll(`[data-copy="${id}"]`)) copy.textContent = words;
    const title = this.getAttribute("page-title");
    if (title) entitle(title.replace("{headline}", () => words));
  }

  #acted(event) {
    const { target, type } = event;
    if (type === "toggle") {
      const pinned = target.closest(".pinned")?.querySelector(".by a")?.pathname;
      if (pinned) remember(`folded ${this.name}`, (this.folded = target.open ? "" : pinned));
      return;
    }
    const link = target.closest("[data-older], [data-update], .share, .pause");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.matches(".pause")) this.#pause(!this.paused);
    else if (link.matches(".share")) share(event, link);
    else if (link.matches("[data-update]")) this.#go(event, document.getElementById(`update-${link.dataset.update}`));
    else {
      event.preventDefault();
      if (!this.during) showMore(this, link);
    }
  }

  // Goes to an update when it is on the page; else the link leads to its own.
  #go(event, update) {
    if (!update) return;
    event.preventDefault();
    this.pending.reveal();
    this.visit.catchUp(false);
    for (const fold of update.querySelectorAll(".fold")) fold.open = true;
    location.hash = update.id;
    update.scrollIntoView();
    update.querySelector("article").focus({ preventScroll: true });
  }

  // The pinned update that was folded stays so on this device; another that takes its place is open.
  #fold(folded = this.folded) {
    this.folded = folded;
    const pinned = this.querySelector(".pinned details");
    if (pinned) pinned.open = pinned.querySelector(".by a")?.pathname !== folded;
  }

  #pause(on) {
    const button = this.querySelector(".pause");
    if (!button) return;
    remember(`paused ${this.name}`, (this.paused = on), "sessionStorage");
    this.waiting = new Set();
    button.hidden = false;
    button.ariaPressed = on;
    if (this.hasAttribute("state")) this.#reach(this.target);
  }

  #show(state) {
    if (state === "live") state = this.ended ? "ended" : this.paused ? "paused" : "live";
    const before = this.since, count = state === "paused" && this.waiting.size;
    if (state === "offline") this.since ??= timeOfDay();
    else if (state !== "catching-up") this.since = null;
    this.setAttribute("state", state);
    const said = this.#write(".state", count ? "waiting" : state, { time: this.since, count });
    if (!before !== !this.since) say(said);
  }

  #write(place, name, values) {
    const element = this.querySelector(place);
    return element && (element.textContent = words(element, name, values));
  }

  reload() {
    reload(this.readers);
  }
}

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}
