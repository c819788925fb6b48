// What an editor discards can be had back: with Undo as long as the page offers it, and for a week from the desk's first
// page.

import { blankComposer } from "../writing/composer.js";
import { discard, keepAgain } from "./drafts.js";
import { dirty } from "../fields.js";
import { forget, keep } from "./kept.js";
import { list } from "../updates/list.js";
import { message, report } from "../messages.js";

// Discards the text of a form that leaves the page. `back` puts the form back, and gives false where another text has
// taken its place.
export function takeOff(form, back) {
  forget(form);
  discard(form);
  offer(form, back);
}

function offer(form, back) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: message("undo") });
  button.onclick = () => undo(form, back);
  report(message("discarded"), button);
}

function undo(form, back) {
  if (!back()) return keepAgain(form).then(() => report(message("kept")), () => offer(form, back));
  report("");
  keep(form);
  form.elements.body.focus();
}

addEventListener("click", (event) => {
  const form = event.target.closest("button.discard")?.form;
  if (!form || !list()) return;
  event.preventDefault();
  if (form.sent) return report(message("busy"));
  takeOff(form, () => takePlace(form));
  const next = blankComposer();
  form.replaceWith(next);
  next.elements.body.focus();
  document.dispatchEvent(new CustomEvent("discarded", { detail: form }));
});

function takePlace(form) {
  const other = document.querySelector("form.composer");
  if (dirty(other)) return false;
  other.replaceWith(form);
  return true;
}
