// Counts the words and characters of a text below its field, and warns before the limit is hit.

import { words } from "../../words.js";

const WARNED = 0.9; // of the limit: two paragraphs, or two words of a headline, are left

// The site counts code points of the text in NFC, without the space around it.
const lengthOf = (text) => [...text.normalize("NFC").trim()].length;

// Shows how long the texts of that form are. `read` is how many words readers see of the body, where that is known.
export function count(form, read) {
  for (const line of form.querySelectorAll(".count")) {
    const now = lengthOf(form.elements[line.dataset.of].value), limit = Number(line.dataset.limit);
    if (line.dataset.of === "body" && read !== undefined) line.dataset.read = read;
    const state = now > limit ? "over" : now >= limit * WARNED ? "near" : "";
    const told = [];
    if (now && line.dataset.read) told.push(words(line, "words", { count: Number(line.dataset.read) }));
    if (state === "near") told.push(words(line, "near", { count: now, limit }));
    if (state === "over") told.push(words(line, "over", { count: now - limit }));
    line.dataset.state = state;
    // A screen reader hears of the limit, and not of each word.
    line.ariaLive = state ? "polite" : "off";
    line.textContent = told.join(" · ");
  }
}

addEventListener("input", ({ target }) => target.form && count(target.form));
