// What a screen reader is told, politely: one voice for the whole page, and never a flood.

import { recall, remember } from "./memory.js";
import { words } from "./words.js";

// ms between two announcements: what happens meanwhile is told together
const BREATH = 5_000;
// ms for what comes together
const GATHER = 500;
// Characters that fit every headline; a text has to do with them.
const LINE = 200;

const voice = document.querySelector(".aloud");
const choice = document.querySelector(".announce");
const said = new Set(), news = new Set();
let timer, last = -BREATH;

// Says that, as soon as it may.
export function say(sentence) {
  said.add(sentence);
  timer ??= setTimeout(speak, Math.max(GATHER, last + BREATH - performance.now()));
}

// Tells of a new update, unless the reader wants to hear less.
export function tell(update) {
  const wanted = choice?.value;
  if (wanted === "off" || (wanted === "key" && !update.matches(".is-key"))) return;
  news.add(update.id);
  say("");
}

// What an update or a headline is in a line, if it is there: the headline of an update goes before its text.
export const opening = (element) => (element?.querySelector("h3, .text") ?? element)?.textContent.slice(0, LINE);

function speak() {
  timer = null;
  // What is new waits until somebody listens.
  if (document.hidden) return;
  last = performance.now();
  // None that was retracted since.
  const there = [...news].map((id) => document.getElementById(id)).filter(Boolean);
  const latest = opening(there.at(-1));
  if (latest) said.add(words(voice, "new", { count: there.length, latest }));
  voice.textContent = [...said].join(" ").trim();
  said.clear();
  news.clear();
}

document.addEventListener("visibilitychange", () => said.size && say(""));

if (choice) {
  choice.value = recall("announce") ?? "all";
  choice.closest("[hidden]").hidden = false;
  choice.addEventListener("change", () => remember("announce", choice.value));
}
