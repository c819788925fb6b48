// The line of a form that says where its text is, and the composer's also what became of the texts before. It claims
// nothing that is not so: the device has a text when it is on the disk, and the site when it has answered.

import { words } from "../../words.js";
import { cameBack, dirty, texts, typedIn } from "../fields.js";

// ms after which a text that is stored nowhere is said to be so; storing it on the device takes a few
const SLOW = 500;
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

const known = new WeakMap(), timers = new WeakMap();
// What is said of the texts that wait, and of the one that was published last: [name, values]
let queue, published;

// What the form holds, to be compared and given to `noteStored`.
export const contentOf = (form) => JSON.stringify(typedIn(form));

// The form was changed, or has just come: what its line says may be true no more.
export function sayState(form) {
  if (cameBack(form) && !known.get(form)?.back) known.set(form, { ...known.get(form), back: contentOf(form) });
  const name = nameOf(form);
  clearTimeout(timers.get(form));
  if (name !== "unsaved") show(form, name);
  else timers.set(form, setTimeout(() => show(form, nameOf(form)), SLOW));
}

// The place, "device" or "site", has that content of the form; or the site "refused" it.
export function noteStored(form, place, content) {
  known.set(form, { ...known.get(form), [place]: content });
  sayState(form);
}

// The site has another text of the same draft, and the editor has to choose; or no more.
export const sayConflict = (form, is) => noteStored(form, "urgent", is && "conflict");

// The form itself is on its way, "sending" or "checking"; null when it is not any more.
export const sayUnderWay = (form, phase) => noteStored(form, "urgent", phase);

// What waits to be published: "queued", "sending", "checking", "needs" or nothing.
export function sayQueue(form, name, values) {
  queue = name && [name, values];
  sayState(form);
}

// A text was published at that moment.
export function sayPublished(form, at) {
  published = ["published", { time: { toLocaleString: (language) => new Date(at).toLocaleTimeString(language, CLOCK) } }];
  sayState(form);
}

function nameOf(form) {
  const { device, site, refused, back, urgent } = known.get(form) ?? {}, content = contentOf(form);
  if (urgent) return urgent;
  if (form.matches(".composer") && texts(form).every(({ value }) => !value.trim())) return "";
  if (content === back) return "needs";
  if (content === site) return "saved";
  if (content === refused) return "needs";
  if (content === device) return "device";
  return dirty(form) || form.dataset.seq > 0 ? "unsaved" : "";
}

function show(form, name) {
  const line = form.querySelector(".draft-state");
  if (!line?.isConnected) return;
  const said = [name && [name]];
  if (form.matches(".composer")) {
    said.unshift(queue);
    if (!queue && !name) said.push(published);
  }
  const text = said.filter(Boolean).map(([each, values]) => words(line, each, values)).join(" · ");
  line.dataset.shown = (queue && form.matches(".composer") ? queue[0] : name) || "";
  if (line.textContent !== text) line.textContent = text;
}
