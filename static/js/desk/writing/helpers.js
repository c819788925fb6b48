// The row of helpers above a text, and their keys: they put Markdown around what is selected, and undo takes it off.

import { replace, selectionOf } from "./insert.js";
import { linked, listed, quoted, wrapped } from "./markdown.js";
import { chooseFiles } from "../pictures/attach.js";
import { choosePicture } from "../pictures/picture.js";

const HELPERS = {
  bold: (area) => replace(area, wrapped(selectionOf(area), "**")),
  italic: (area) => replace(area, wrapped(selectionOf(area), "*")),
  link: (area) => replace(area, linked(selectionOf(area))),
  list: (area) => replace(linesOf(area), listed(selectionOf(area))),
  picture: (area) => chooseFiles(area),
  uploaded: (area) => choosePicture(area),
  quote: (area) => replace(linesOf(area), quoted(selectionOf(area), area.form.querySelector(".helpers").dataset.source)),
};
const KEYS = { b: "bold", i: "italic", k: "link" };

// Widens the selection to whole lines.
function linesOf(area) {
  const { value, selectionStart: start, selectionEnd: end } = area;
  const after = value.indexOf("\n", end);
  area.setSelectionRange(value.slice(0, start).lastIndexOf("\n") + 1, after < 0 ? value.length : after);
  return area;
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
