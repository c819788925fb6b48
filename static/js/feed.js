// <live-feed>: puts what changed in its place. What to do with an envelope is decided by rule.js.
//
// An update that waits as pending is in its place too; it is only not displayed.

// This order makes the smallest bundle, by 50 bytes.
import { goBack, reload } from "./reload.js";
import { ask, follow, online } from "./line.js";
import { share } from "./share.js";
import { visit } from "./visit.js";
import { recall, remember } from "./memory.js";
import { steady } from "./steady.js";
import { entitle, pending } from "./pending.js";
import { morph } from "./morph.js";
import { keepFocus, number, walk } from "./pattern.js";
import { parse, showMore } from "./more.js";
import { follower } from "./rule.js";
import { days, now, timeOfDay } from "./times.js";
import { words } from "./words.js";
import { opening, say, tell, wanted } from "./aloud.js";

// The button of an external post may be in any text, in the preview at the desk too.
addEventListener("click", async (event) => event.target.matches(".load") && (await import("./external.js")).load(event));

class LiveFeed extends follower(HTMLElement) {
  connectedCallback() {
    for (const name of ["feed", "epoch", "shows", "only", "order", "highlight", "titled"]) this[name] = this.getAttribute(name);
    // The target is the highest version known
    this.version = this.target = +this.getAttribute("version");
    // An article without coverage has no list. Its parts follow its own clock.
    this.list = this.querySelector("ol.updates") ?? this;
    this.box = this.list.parentElement;
    const items = this.items();
    // The updates at the ends of what this page shows. They stay the ends when they are retracted.
    this.first = items[0];
    this.last = items.at(-1);
    this.newer = new Set();
    this.waiting = new Set();
    this.number();
    this.pending = pending(this);
    this.visit = visit(this);
    // It is needed again if the update is restored, and retracted once more
    this.gone = this.querySelector(".gone")?.closest("li");
    this.gone?.remove();
    this.pause(recall(`paused ${this.feed}`, "sessionStorage") === "true");
    this.addEventListener("click", (event) => this.#clicked(event));
    const pinned = this.querySelector(".pinned details"), [of, open] = recall(`fold ${this.feed}`)?.split(" ") ?? [];
    if (pinned && pinned.dataset.of === of) pinned.open = open === "true";
    this.box.addEventListener("keydown", walk);
    const highlighted = document.getElementById(this.highlight);
    highlighted?.classList.add("highlighted");
    highlighted?.scrollIntoView({ block: "center" });
    // The feed of a draft cannot be followed, not even at the desk
    if (this.hasAttribute("still")) return;
    follow(this);
    if (this.ended) this.show("ended");
  }

  // Fetches what was missed, once. Resolves to true if there was an answer.
  async poll() {
    try {
      const answer = await ask(`/feeds/${this.feed}/changes?after=${this.version}&epoch=${this.epoch}`);
      if (answer.status === 404) this.reload();
      if (!answer.ok) throw answer;
      this.receive(await answer.json());
      if (this.paused || this.version >= this.target) this.show("live");
      return true;
    } catch {
      this.show("offline");
    }
  }

  // Displays the state of the connection: live, catching-up or offline. While it is live, a paused page says so, and so
  // does one that polls; after the end of the coverage only that counts.
  show(state = this.status) {
    this.status = state;
    if (this.ended) state = "ended";
    else if (state === "live") state = this.paused ? "paused" : online() ? "live" : "polling";
    const before = this.since;
    if (state === "offline") this.since ??= timeOfDay();
    else if (state !== "catching-up") this.since = null;
    this.setAttribute("state", state);
    this.setAttribute("version", this.version);
    // Coverage may have ended, or may have been opened again.
    follow(this);
    const said = this.#write(".state", state, { time: this.since });
    if (!before !== !this.since) say(said);
    this.#count(".waiting", this.waiting);
    this.pending.count();
  }

  // Displays how many are reading now.
  count(readers) {
    this.readers = readers;
    this.#write(".readers", "now", { count: readers });
  }

  get ended() {
    return !!this.querySelector(".coverage[data-open=no]");
  }

  // The link to older updates; null if there are none.
  get older() {
    return this.querySelector("[data-older]");
  }

  // The updates and notices that are displayed in the list.
  items() {
    return [...this.list.querySelectorAll(":scope > [data-at]:not(.pending)")];
  }

  // Whether one update belongs above another in this list.
  above(a, b) {
    if (this.order) [a, b] = [b, a];
    if (a.dataset.at !== b.dataset.at) return a.dataset.at > b.dataset.at;
    // The number after "update-"
    return a.id.slice(7) - b.id.slice(7) > 0;
  }

  number() {
    days(this.list);
    // At the desk, tools are among the updates, so the list has no roles
    if (!this.box.role) return;
    const items = this.items();
    number(this.box, items, this.older || this.shows === "older" ? -1 : items.length);
  }

  // While paused, only a retraction is applied, with what it changes in the parts around the list. The version stays
  // behind, so that resuming is a catch-up like any other.
  hold(changes, version) {
    this.target = Math.max(this.target, version);
    const urgent = changes.filter(({ id, html }) => {
      const [item] = parse(html), waits = item?.matches(".update");
      if (!waits) this.waiting.delete(id);
      else if (!document.getElementById(id) && this.#belongs(item)) this.waiting.add(id);
      return !waits;
    });
    if (urgent.some(({ id }) => id.startsWith("update-"))) this.put(urgent);
    this.show("live");
  }

  // Applies changes, all in one task.
  put(changes) {
    const calm = this.pending.calm();
    const fresh = [];
    this.box.ariaBusy = true;
    steady(() => {
      for (const change of changes) this.apply(change, fresh);
      this.pending.arrived(fresh, calm);
      this.number();
    });
    this.box.ariaBusy = false;
    fresh.forEach((item) => tell(item));
  }

  // Replaces or inserts the element with the change's id, or removes it. A new update is added to `added`.
  apply(change, added = []) {
    this.during?.push(change);
    const old = document.getElementById(change.id);
    // Show More has brought a later version of it
    if (old?.dataset.version > change.version) return;
    let [fresh] = parse(change.html);
    if (this.highlight ? change.id === this.highlight : fresh?.matches("h1")) this.#entitle(fresh);
    if (old && change.id === this.highlight && !fresh?.matches(".update")) fresh = this.#gone(old, fresh);
    this.#news(change.id, fresh);
    if (!fresh) return old && this.#remove(old);
    if (old && fresh.dataset.at && this.#unwanted(fresh)) return this.#remove(old);
    // The headline is displayed in other places too, such as the link back to the article.
    for (const copy of document.querySelectorAll(`[data-copy="${change.id}"]`)) copy.textContent = fresh.textContent;
    if (old) {
      this.#tell(old, fresh);
      this.#replace(old, fresh);
    } else if (this.#belongs(fresh)) {
      this.list.insertBefore(fresh, [...this.list.children].find((each) => each.dataset.at && this.above(fresh, each)));
      if (fresh.matches(".update")) added.push(fresh);
    }
  }

  // Announces an edited text, or the notice in its place.
  #tell(old, fresh) {
    const [before, after] = [old, fresh].map((each) => each.querySelector(".edited time")?.dateTime);
    const changed = fresh.matches(".update") ? before !== after : fresh.matches(".retracted") && old.matches(".update");
    if (changed && !old.matches(".pending")) tell(fresh, "edited", old.matches(".is-key") || fresh.matches(".is-key"));
  }

  // The item that replaces the update that the link led to, when it is retracted. It says so, above the notice if there
  // is one.
  #gone({ id, dataset }, notice) {
    const gone = this.gone.cloneNode(true), item = notice ?? gone;
    item.id = id;
    item.dataset.at = dataset.at;
    item.firstElementChild.prepend(gone.querySelector("p"));
    return item;
  }

  // On a view that does not show the newest, a link counts the updates published since the page was opened.
  #news(id, fresh) {
    const opened = performance.timeOrigin + now() - Date.now(), before = this.newer.size;
    const isNew = fresh?.matches(".update") && !this.#unwanted(fresh) && Date.parse(fresh.dataset.at) > opened;
    this.newer[isNew ? "add" : "delete"](id);
    const said = this.#count(".newer", this.newer);
    if (said && this.newer.size > before && !this.#belongs(fresh) && wanted(fresh.matches(".is-key"))) say(said, this);
  }

  #remove(old) {
    const next = [old.nextElementSibling, old.previousElementSibling].find((each) => each?.dataset.at) ?? this;
    keepFocus(old, next, () => old.remove());
  }

  #replace(old, fresh) {
    for (const name of ["fresh", "pending", "missed", "highlighted"]) {
      fresh.classList.toggle(name, old.classList.contains(name));
    }
    keepFocus(old, fresh, () => morph(old, fresh));
  }

  #unwanted(fresh) {
    return this.only && !fresh.matches(".is-key");
  }

  // Whether a new update belongs between the ends of what this page shows. Others come with Show More, or are on the
  // newer page.
  #belongs(fresh) {
    if (!fresh.dataset.at || this.shows === "found" || this.#unwanted(fresh)) return false;
    if (this.shows === "older" && (!this.first || this.above(fresh, this.first))) return false;
    return !this.older || !this.above(this.last, fresh);
  }

  // Takes the page's title from that update or headline. An update that the link led to may be gone.
  #entitle(fresh) {
    const words = opening(fresh);
    entitle(
      !fresh || fresh.matches(".retracted") ? this.gone.textContent
      : words && this.titled?.replace("{headline}", () => words),
    );
  }

  #clicked(event) {
    // The browser folds or unfolds it after this
    const pinned = event.target.closest(".pinned summary")?.parentElement;
    if (pinned) remember(`fold ${this.feed}`, `${pinned.dataset.of} ${!pinned.open}`);
    const link = event.target.closest("[data-older], [data-update], .share, .pause, .waiting");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.matches(".pause, .waiting")) this.paused ? this.pending.lead() : this.pause(true);
    else if (link.matches(".share")) share(event, link);
    else if (link.matches("[data-update]")) this.#go(event, document.getElementById(`update-${link.dataset.update}`));
    else {
      event.preventDefault();
      if (!this.during) showMore(this, link);
    }
  }

  // Goes to an update that is on the page. Otherwise the browser follows the link to the update's own page.
  #go(event, update) {
    if (!update) return;
    event.preventDefault();
    this.pending.reveal();
    this.visit.catchUp?.(false);
    for (const fold of update.querySelectorAll(".fold")) fold.open = true;
    location.hash = update.id;
    update.querySelector("article").focus({ preventScroll: true });
  }

  // Pauses the feed, or resumes it.
  pause(on) {
    if (!this.querySelector(".pause")) return;
    remember(`paused ${this.feed}`, (this.paused = on), "sessionStorage");
    this.waiting.clear();
    this.toggleAttribute("paused", on);
    if (this.version < this.target) return this.reach(this.target);
    if (this.status) this.show();
  }

  // Displays a count, or hides it at zero. Returns the text.
  #count(place, { size: count }) {
    const element = this.querySelector(place);
    if (element) element.hidden = !count;
    return this.#write(place, place.slice(1), { count });
  }

  #write(place, name, values) {
    const element = this.querySelector(place);
    return element && (element.textContent = words(element, name, values));
  }

  reload() {
    reload(this.readers);
  }
}

customElements.define("live-feed", LiveFeed);
customElements.define("live-article", class extends LiveFeed {});
goBack();
