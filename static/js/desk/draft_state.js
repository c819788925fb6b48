// The line of a form that says where its text is. It claims nothing that is not so: the device has it when it is on the
// disk, and the site when it has answered.

import { dirty, texts, typedIn } from "./fields.js";

// ms after which a text that is stored nowhere is said to be so; storing it on the device takes a few
const SLOW = 500;

const known = new WeakMap(), timers = new WeakMap();

// What the form holds, to be compared and given to `noteStored`.
export const contentOf = (form) => JSON.stringify(typedIn(form));

// The form was changed, or has just come: what its line says may be true no more.
export function sayState(form) {
  const name = nameOf(form);
  clearTimeout(timers.get(form));
  if (name !== "unsaved") show(form, name);
  else timers.set(form, setTimeout(() => show(form, nameOf(form)), SLOW));
}

// The place, "device" or "site", has that content of the form.
export function noteStored(form, place, content) {
  known.set(form, { ...known.get(form), [place]: content });
  sayState(form);
}

// The site has another text of the same draft, and the editor has to choose; or no more.
export const sayConflict = (form, is) => noteStored(form, "conflict", is);

function nameOf(form) {
  const { device, site, conflict: both } = known.get(form) ?? {}, content = contentOf(form);
  if (both) return "conflict";
  if (form.matches(".composer") && texts(form).every(({ value }) => !value.trim())) return "";
  if (content === site) return "saved";
  if (content === device) return "device";
  return dirty(form) || form.dataset.seq > 0 ? "unsaved" : "";
}

function show(form, name) {
  const line = form.querySelector(".draft-state");
  if (!line || line.dataset.shown === name) return;
  line.dataset.shown = name;
  line.textContent = line.dataset[name] ?? "";
}
