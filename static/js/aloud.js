// What a screen reader is told, politely: one voice for the whole page, and never a flood.

import { recall, remember } from "./memory.js";
import { words } from "./words.js";

// ms between two announcements: what happens meanwhile is told together
const BREATH = 5_000;
// ms for what comes together
const GATHER = 500;
// Characters that fit every headline; a text has to do with them.
const LINE = 200;
// Edits and notices that are told one by one; the latest count.
const NAMED = 3;

const voice = document.querySelector(".aloud");
const choice = document.querySelector(".announce");
const said = new Map(), heard = new Map();
let timer, last = -BREATH;

// Says that, as soon as it may, in place of what else is still to be said about the same.
export function say(sentence, about = sentence) {
  said.set(about, sentence);
  soon();
}

// Tells of an update that is new, or of what else happened to it, unless the reader wants to hear less.
export function tell(item, what = "new", key = item.matches(".is-key")) {
  if (!wanted(key)) return;
  if (!heard.has(item.id)) heard.set(item.id, what);
  soon();
}

// Whether the reader wants to hear of an update that is a key event, or is none.
export const wanted = (key) => (choice?.value ?? "all") === "all" || (key && choice.value === "key");

// What an update or a headline is in a line, if it is there: an update without a headline is named by its first words.
export const opening = (element) =>
  element?.querySelector("article")?.ariaLabel ??
  (element?.querySelector("h3, .text, p:last-child") ?? element)?.textContent.trim().slice(0, LINE);

function soon() {
  timer ??= setTimeout(speak, Math.max(GATHER, last + BREATH - performance.now()));
}

function speak() {
  timer = null;
  // What is new waits until somebody listens.
  if (document.hidden || !(said.size + heard.size)) return;
  last = performance.now();
  const told = { new: [], edited: [], retracted: [] };
  for (const [id, what] of heard) {
    // None that was retracted since without a word.
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
