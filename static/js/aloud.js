// Announcements to screen readers: one polite live region for the whole page, which speaks once in BREATH at most.

import { recall, remember } from "./memory.js";
import { words } from "./words.js";

// ms between two announcements; what happens in between is announced together
const BREATH = 5_000;
// ms of waiting for what arrives together
const GATHER = 500;
// Characters of an update that are announced, enough for every headline.
const LINE = 200;
// Edits and notices that are announced at most, the latest ones.
const NAMED = 3;

const voice = document.querySelector(".aloud");
const choice = document.querySelector(".announce");
const said = new Map(), heard = new Map();
let timer, last = -BREATH;

// Announces a sentence as soon as possible; it replaces one about the same thing that is still waiting.
export function say(sentence, about = sentence) {
  said.set(about, sentence);
  soon();
}

// Announces that an update is new, edited or retracted, unless the reader has chosen to hear less.
export function tell(item, what = "new", key = item.matches(".is-key")) {
  if (!wanted(key)) return;
  if (!heard.has(item.id)) heard.set(item.id, what);
  soon();
}

// Whether the reader wants announcements of key events (`key`), or of other updates.
export const wanted = (key) => (choice?.value ?? "all") === "all" || (key && choice.value === "key");

// The name of an update or a headline in a line, if the element exists; without a headline, the update's first words.
export const opening = (element) =>
  element?.querySelector("article")?.ariaLabel ??
  (element?.querySelector("h3, .text, p:last-child") ?? element)?.textContent.trim().slice(0, LINE);

function soon() {
  timer ??= setTimeout(speak, Math.max(GATHER, last + BREATH - performance.now()));
}

function speak() {
  timer = null;
  // It waits until the page is visible.
  if (document.hidden || !(said.size + heard.size)) return;
  last = performance.now();
  const told = { new: [], edited: [], retracted: [] };
  for (const [id, what] of heard) {
    // Not if it was retracted meanwhile without a notice.
    const item = document.getElementById(id);
    if (item) told[item.matches(".retracted") ? "retracted" : what].push(opening(item));
  }
  const latest = told.new.at(-1), edited = told.edited.slice(-NAMED);
  if (latest) say(words(voice, "new", { count: told.new.length, latest }));
  if (edited.length) say(words(voice, "edited", { latest: edited.join("; ") }));
  told.retracted.slice(-NAMED).forEach((notice) => say(notice));
  voice.textContent = [...said.values()].join(" ");
  said.clear();
  heard.clear();
}

document.addEventListener("visibilitychange", soon);

if (choice) {
  choice.value = recall("announce") ?? "all";
  choice.closest("[hidden]").hidden = false;
  choice.addEventListener("change", () => remember("announce", choice.value));
}
