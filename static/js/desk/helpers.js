// The row of helpers above a text, and their keys: they put Markdown around what is selected, and undo takes it off.

import { linked, listed, quoted, wrapped } from "./markdown.js";

const HELPERS = {
  bold: (area) => replace(area, wrapped(selectionOf(area), "**")),
  italic: (area) => replace(area, wrapped(selectionOf(area), "*")),
  link: (area) => replace(area, linked(selectionOf(area))),
  list: (area) => replace(linesOf(area), listed(selectionOf(area))),
  quote: (area) => replace(linesOf(area), quoted(selectionOf(area), area.form.querySelector(".helpers").dataset.source)),
};
const KEYS = { b: "bold", i: "italic", k: "link" };

function selectionOf({ value, selectionStart: start, selectionEnd: end }) {
  return { before: value.slice(0, start), chosen: value.slice(start, end), after: value.slice(end) };
}

// Widens the selection to whole lines.
function linesOf(area) {
  const { value, selectionStart: start, selectionEnd: end } = area;
  const after = value.indexOf("\n", end);
  area.setSelectionRange(value.slice(0, start).lastIndexOf("\n") + 1, after < 0 ? value.length : after);
  return area;
}

// Puts the text in place of the selection, and selects what is to be typed over: `from` and `to` are counted from its
// beginning. `around` characters on both sides go too. A text that is `apart` has empty lines around it.
function replace(area, { text, from, to = from, around = 0, apart = false }) {
  area.focus();
  area.setSelectionRange(area.selectionStart - around, area.selectionEnd + around);
  const { before, after } = selectionOf(area), start = area.selectionStart;
  const gap = apart ? "\n".repeat(Math.max(0, before.trim() ? 2 - before.match(/\n*$/)[0].length : 0)) : "";
  const end = apart && after.trim() ? "\n".repeat(Math.max(0, 2 - after.match(/^\n*/)[0].length)) : "";
  insert(area, gap + text + end);
  area.setSelectionRange(start + gap.length + from, start + gap.length + to);
}

// What is typed by this command can be undone with the browser's own keys. No browser has a successor of it yet.
function insert(area, text) {
  const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (done) return;
  area.setRangeText(text);
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

// The selection stays where it is while a button is pressed.
addEventListener("mousedown", (event) => {
  if (event.target.closest(".helpers")) event.preventDefault();
});

addEventListener("click", ({ target }) => {
  const button = target.closest("[data-helper]");
  if (button) HELPERS[button.dataset.helper](button.closest(".field").querySelector("textarea"));
});

addEventListener("keydown", (event) => {
  const { key, target, isComposing } = event;
  const helper = Object.hasOwn(KEYS, key.toLowerCase()) && KEYS[key.toLowerCase()];
  if (!helper || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || isComposing) return;
  if (!target.matches("textarea[name=body]")) return;
  event.preventDefault();
  HELPERS[helper](target);
});
