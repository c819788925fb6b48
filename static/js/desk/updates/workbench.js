// The form to edit, which opens below its update.

import { request, isSignIn, pageIn } from "../answers.js";
import { newDraft } from "../writing/composer.js";
import { takeOff } from "../drafts/discard.js";
import { dirty } from "../fields.js";
import { forget, restore } from "../drafts/kept.js";
import { list } from "./list.js";
import { message, warn } from "../messages.js";
import { freshen } from "../reloads.js";

// The composer, if a key in it opened the form: that is where the editor goes on writing.
let origin = null;

// Edit opens its form below the update, and cancel closes it.
addEventListener("click", async (event) => {
  const link = event.target.closest("a.edit, .cancel:not(.menu *)");
  if (!link || event.ctrlKey || event.metaKey) return;
  const tools = link.closest(".update-tools"), cancelled = link.matches(".cancel") && link.closest("form");
  // On a page of its own, the form of an edit is sent to be discarded
  if (cancelled && (tools || !link.form) && !letGo(cancelled)) return event.preventDefault();
  if (!list()) return;
  event.preventDefault();
  if (cancelled) return close(tools);
  const opened = tools.querySelector(".workbench form");
  if (event.isTrusted) origin = null;
  if (opened?.hidden) return open(opened);
  if (opened && !letGo(opened)) return;
  try {
    const answer = await request(link.href);
    const page = await pageIn(answer);
    const form = page.querySelector("form.edit");
    if (!form) return warn(isSignIn(answer) ? "signedOut" : "refused");
    tools.querySelector(".workbench").replaceChildren(form);
    if (form.elements.draft_id && !(form.dataset.seq > 0)) newDraft(form);
    await restore(form);
    open(form);
  } catch {
    warn("unreachable");
  }
});

// Whether that form may be taken off the page. What was changed in an edit can be had back; before other words are lost,
// the editor is asked.
function letGo(form) {
  if (form.elements.draft_id) {
    if (dirty(form) || form.dataset.seq > 0) takeOff(form, () => openAgain(form));
    else forget(form);
    return true;
  }
  return !dirty(form) || confirm(message("discard"));
}

function openAgain(form) {
  const bench = document.querySelector(`[data-for="update-${form.dataset.edits}"] .workbench`);
  const other = bench?.querySelector("form");
  if (!bench || (other && dirty(other))) return false;
  bench.replaceChildren(form);
  form.hidden = false;
  return true;
}

// Escape closes the form too, and what was written in it is there when it is opened again.
addEventListener("keydown", ({ key, target, isComposing }) => {
  const form = target.closest(".workbench form");
  if (key !== "Escape" || isComposing || !form || target.closest("select, dialog")) return;
  const tools = form.closest(".update-tools");
  if (!dirty(form)) return close(tools);
  form.hidden = true;
  leave(tools);
});

// The arrow up in an empty composer opens the editor's newest update on the page.
addEventListener("keydown", (event) => {
  const { target, ctrlKey, metaKey, altKey, shiftKey } = event;
  if (event.key !== "ArrowUp" || event.isComposing || ctrlKey || metaKey || altKey || shiftKey) return;
  const tools = target.matches(".composer [name=body]") && !target.value && newestBy(target.form.dataset.byline)?.nextElementSibling;
  if (!tools) return;
  event.preventDefault();
  origin = target;
  const opened = tools.querySelector("form.edit:not([hidden])");
  if (opened) open(opened);
  else tools.querySelector("a.edit").click();
});

function newestBy(byline) {
  const mine = [...list().querySelectorAll("li.update")].filter((each) => each.querySelector(".by").firstChild.data.trim() === byline);
  return mine.sort((a, b) => (a.dataset.at < b.dataset.at ? 1 : -1))[0];
}

function open(form) {
  form.hidden = false;
  form.elements.body.focus();
}

function close(tools) {
  tools.querySelector(".workbench").replaceChildren();
  leave(tools);
  freshen();
}

function leave(tools) {
  (origin?.isConnected ? origin : tools.querySelector("a.edit")).focus();
  origin = null;
}
