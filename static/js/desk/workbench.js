// The forms to edit and to retract, which open below their update.

import { request, isSignIn, pageIn } from "./answers.js";
import { dirty, forget, restore } from "./kept.js";
import { list } from "./list.js";
import { message, warn } from "./messages.js";
import { freshen } from "./reloads.js";

// Edit and retract open their form below the update, and cancel closes it.
addEventListener("click", async (event) => {
  const link = event.target.closest("a.edit, a.retract, a.cancel");
  if (!link || event.ctrlKey || event.metaKey) return;
  if (link.classList.contains("cancel") && !mayDiscard(link.closest("form"))) return event.preventDefault();
  if (!list()) return;
  event.preventDefault();
  const tools = link.closest(".update-tools");
  if (link.classList.contains("cancel")) return close(tools);
  const opened = tools.querySelector(".workbench form");
  if (opened && !mayDiscard(opened)) return;
  try {
    const answer = await request(link.href);
    const page = await pageIn(answer);
    const form = page.querySelector("form.edit, form.retraction");
    if (!form) return warn(isSignIn(answer) ? "signedOut" : "refused");
    tools.querySelector(".workbench").replaceChildren(form);
    await restore(form);
    (form.elements.body ?? form.elements.reason).focus();
  } catch {
    warn("unreachable");
  }
});

// Asks before words are lost.
function mayDiscard(form) {
  if (dirty(form) && !confirm(message("discard"))) return false;
  forget(form);
  return true;
}

function close(tools) {
  tools.querySelector(".workbench").replaceChildren();
  tools.querySelector("a.edit").focus();
  freshen();
}
