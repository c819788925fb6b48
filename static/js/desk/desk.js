// The desk: the same plain forms, sent in place, with a message of what became of them. What is typed is kept on this
// device until the site has stored it (kept.js).

import "../feed.js";
import "./attach.js";
import "./attached.js";
import "./bar.js";
import "./conflict.js";
import "./discard.js";
import "./headline.js";
import "./helpers.js";
import "./installed.js";
import "./keys.js";
import "./menu.js";
import "./paste.js";
import "./preview.js";
import "./reading.js";
import "./receipt.js";
import "./sign_out.js";
import "./undo.js";
import "./wait_for_pictures.js";
import "./workbench.js";
import { askFor, send } from "./answers.js";
import { goOn, stop } from "./drafts.js";
import { texts } from "./fields.js";
import { arrived, forget, keep, sending } from "./kept.js";
import { list, show, watch } from "./list.js";
import { isDone, message, report, warn, warns } from "./messages.js";
import { freshen } from "./reloads.js";

const IN_PLACE = ["composer", "edit", "retraction", "marks"];

addEventListener("submit", (event) => {
  const form = event.target;
  const kind = IN_PLACE.find((name) => form.classList.contains(name));
  // A form on a page of its own, outside a feed, is sent as a plain form, and so is one that goes to another address.
  if (!kind || !list() || event.submitter?.hasAttribute("formaction")) return sending(form);
  event.preventDefault();
  if (form.sent) {
    // A second press of the button does nothing; a new text has to wait for the first.
    if (contents(form) !== form.sent) report(message("busy"));
    return;
  }
  submit(form, kind, event.submitter);
});

async function submit(form, kind, button) {
  const before = texts(form).map(({ name, value }) => [name, value]);
  const attempt = form.attempt = {};
  form.sent = contents(form);
  stop(form);
  warn(null);
  if (kind !== "marks") report(message("sending"));
  let answer = await send(form, button);
  if (!answer && kind === "composer" && warns("unreachable")) answer = await askFor(form, attempt);
  // It was sent once more meanwhile: the later attempt decides.
  if (form.attempt !== attempt) return;
  form.sent = null;
  if (!answer) {
    keep(form);
    return report("");
  }
  const next = answer.page.querySelector(`form.${kind}`);
  report(answer.ok ? answer.page.querySelector(".done") : "");
  if (kind === "composer") {
    if (answer.ok) forget(form);
    const focused = form.contains(document.activeElement);
    carryOver(form, before, next);
    goOn(form, next);
    form.replaceWith(next);
    keep(next);
    if (focused || answer.ok) next.elements.body.focus({ preventScroll: true });
    if (!answer.ok) (next.querySelector("[aria-invalid]") ?? next.elements.body).focus();
  } else if (!answer.ok && next) {
    goOn(form, next);
    form.replaceWith(next);
    keep(next);
    next.querySelector("[aria-invalid], .conflict[tabindex], textarea, input:not([type=hidden])").focus();
  } else {
    const tools = form.closest(".update-tools");
    forget(form);
    if (kind !== "marks") form.remove();
    tools.querySelector("a.edit").focus({ preventScroll: true });
  }
  if (answer.ok) show(answer.page);
  freshen();
}

const contents = (form) => JSON.stringify(texts(form).map(({ value }) => value));

// What was typed before the answer came belongs to the next update.
function carryOver(form, sent, next) {
  for (const [name, before] of sent) {
    const now = form.elements[name].value;
    if (now !== before) next.elements[name].value = now.startsWith(before) ? now.slice(before.length).trimStart() : now;
  }
}

if (list()) watch();
arrived(isDone(), [...document.querySelectorAll("form[data-keep]")]);
addEventListener("input", ({ target }) => target.form && keep(target.form));
