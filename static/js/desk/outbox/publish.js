// Publishing from the composer: the text goes into the outbox on this device, the composer is free for the next one, and
// sender.js sends it. A text that the site refused comes back into the composer if that is empty and nothing waits behind
// the text; else it waits below (outbox_list.js).

import { blankComposer, composer, isBlank } from "../writing/composer.js";
import { sayPublished, sayUnderWay } from "../drafts/draft_state.js";
import { goOn, stateOf, stop } from "../drafts/drafts.js";
import { cameBack, fill, typedIn, wordsOf } from "../fields.js";
import { forget, keep, owner, putAside, takeAside } from "../drafts/kept.js";
import { show } from "../updates/list.js";
import { report, warn } from "../messages.js";
import { pageEditor } from "../page.js";
import { announce, putEntry } from "./outbox.js";
import { freshen } from "../reloads.js";
import { wake } from "./sender.js";

// ms in which a press of the button is the second of a double click
const TWICE = 1_000;

// Resolves to false where the device cannot store the text: then it has to be sent from the form itself.
export async function publish(form) {
  if (form.moving) return true;
  if (isBlank(form)) {
    form.elements.body.focus();
    // The site says what is missing, unless it was the second press of one click
    return !navigator.onLine || performance.now() - form.freed < TWICE;
  }
  form.moving = true;
  stop(form);
  if (navigator.onLine) sayUnderWay(form, "sending");
  const before = wordsOf(form);
  forget(form);
  try {
    await putEntry(entryOf(form));
  } catch {
    sayUnderWay(form, null);
    return (form.moving = false);
  }
  const focused = form.contains(document.activeElement), next = carryOver(form, before, blankComposer());
  next.freed = performance.now();
  warn(null);
  report("");
  place(form, next);
  if (focused) next.elements.body.focus({ preventScroll: true });
  wake();
  return true;
}

// Puts a text that waits into the composer. It keeps its place until it is published or discarded.
export async function takeBack(entry) {
  const form = composer(), next = blankComposer();
  if (!isBlank(form)) await putAside(form);
  await putEntry({ ...entry, taken: owner });
  // What was changed in it before another one was taken back counts
  if (await takeAside(next, entry.order)) place(form, next);
  else place(form, filled(entry));
  announce();
  composer().elements.body.focus();
}

// A composer with a text that waited.
function filled(entry) {
  const form = blankComposer();
  fill(form, entry.typed);
  form.elements.draft_id.value = entry.draft;
  form.dataset.seq = entry.seq;
  form.dataset.order = entry.order;
  return form;
}

function entryOf(form) {
  const { seq, feed, order } = form.dataset;
  const entry = {
    editor: pageEditor(), feed, draft: form.elements.draft_id.value, at: Date.now(),
    // A state may be on its way to the site still
    seq: Number(seq) + 1,
    action: form.getAttribute("action"), content: new URLSearchParams(new FormData(form)).toString(),
    typed: typedIn(form), state: stateOf(form),
  };
  return order ? { ...entry, order: Number(order) } : entry;
}

// What was typed since the text was sent belongs to the next one.
export function carryOver(form, before, next) {
  for (const [name, value] of before) {
    const now = form.elements[name].value;
    if (now !== value) next.elements[name].value = now.startsWith(value) ? now.slice(value.length).trimStart() : now;
  }
  return next;
}

function place(form, next) {
  stop(form);
  form.replaceWith(next);
  keep(next);
}

document.addEventListener("outbox-published", ({ detail: { entry, page, at } }) => {
  const form = composer();
  if (form?.dataset.feed !== entry.feed) return;
  warn(null);
  report(page.querySelector(".done"));
  sayPublished(form, at);
  // Whoever writes the next text does not want to be led away from it
  if (isBlank(form)) show(page);
  // What the editor was writing before a text was taken back is there to be gone on with
  takeAside(composer());
  freshen();
});

document.addEventListener("outbox-published-elsewhere", ({ detail: { feed, at } }) => {
  if (composer()?.dataset.feed === feed) sayPublished(composer(), at);
});

document.addEventListener("outbox-refused", ({ detail }) => {
  const { entry, page, isLast } = detail, form = composer();
  if (!isLast || form?.dataset.feed !== entry.feed || !isBlank(form)) return;
  const next = page.querySelector("form.composer") ?? filled(entry);
  detail.takenBy = owner;
  next.dataset.order = entry.order;
  if (cameBack(next)) goOn(form, next);
  else warn("refused", entry.refused);
  place(form, next);
  (next.querySelector("[aria-invalid]") ?? next.elements.body).focus();
});
