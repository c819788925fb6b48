// The composer of the page: for the next text, whatever becomes of the one before.

import { newId } from "../drafts/drafts.js";
import { texts } from "../fields.js";

// As it was when the page came
const unused = composer()?.cloneNode(true);

export function composer() {
  return document.querySelector("form.composer");
}

export const isBlank = (form) => texts(form).every(({ value }) => !value.trim());

// An empty composer with a new draft, to take the place of the one on the page.
export function blankComposer() {
  const form = unused.cloneNode(true);
  for (const field of texts(form)) field.value = field.defaultValue = "";
  for (const box of form.querySelectorAll("[type=checkbox]")) box.checked = box.defaultChecked = false;
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const reason of form.querySelectorAll(".reason")) reason.remove();
  form.querySelector(".of-submission").replaceChildren();
  for (const name of ["language", "status"]) form.elements[name].value = "";
  newDraft(form);
  return form;
}

// A page may be a copy that was shown before, so the id of a draft that nobody has written yet is made here. It keeps the
// id of one that the address names, and of a text that came back.
export function newDraft(form) {
  form.elements.draft_id.value = newId();
  form.dataset.seq = 0;
}
