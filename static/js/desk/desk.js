// The desk: the same plain forms, sent in place, with a message of what became of them. What is typed is kept on this
// device until the site has stored it (kept.js).

import "../feed.js";
import "./pictures/attach.js";
import "./pictures/attached.js";
import "./bar.js";
import "./copy.js";
import "./updates/conflict.js";
import "./drafts/discard.js";
import "./writing/headline.js";
import "./writing/helpers.js";
import "./installed.js";
import "./keys.js";
import "./outbox/outbox_list.js";
import "./review/submissions.js";
import "./review/tidings.js";
import "./updates/live_lists.js";
import "./updates/menu.js";
import "./writing/paste.js";
import "./updates/presence.js";
import "./writing/preview.js";
import "./updates/points.js";
import "./updates/reading.js";
import "./updates/receipt.js";
import "./sign_out.js";
import "./updates/undo.js";
import "./pictures/wait_for_pictures.js";
import "./updates/workbench.js";
import { askFor, send } from "./answers.js";
import { blankComposer, composer, newDraft } from "./writing/composer.js";
import { contentOf, sayPublished, sayUnderWay } from "./drafts/draft_state.js";
import { goOn, stop } from "./drafts/drafts.js";
import { cameBack, wordsOf } from "./fields.js";
import { arrived, forget, keep, sending } from "./drafts/kept.js";
import { list, show, watch } from "./updates/list.js";
import { isDone, message, report, warn, warns } from "./messages.js";
import { carryOver, publish } from "./outbox/publish.js";
import { freshen } from "./reloads.js";

const IN_PLACE = ["composer", "edit", "retraction", "marks"];

addEventListener("submit", async (event) => {
  const form = event.target;
  const kind = IN_PLACE.find((name) => form.classList.contains(name));
  // A form on a page of its own, outside a feed, is sent as a plain form, and so is one that goes to another address.
  if (!kind || !list() || event.submitter?.hasAttribute("formaction")) return sending(form);
  event.preventDefault();
  if (form.sent) {
    // A second press of the button does nothing; a new text has to wait for the first. Another button is another deed.
    if (contentOf(form) !== form.sent) report(message("busy"));
    if (kind !== "marks" || form.pressed === event.submitter) return;
  }
  if (kind !== "composer" || !(await publish(form))) submit(form, kind, event.submitter);
});

async function submit(form, kind, button) {
  const attempt = form.attempt = {}, before = wordsOf(form), isDraft = !!form.elements.draft_id;
  form.sent = contentOf(form);
  form.pressed = button;
  stop(form);
  warn(null);
  if (isDraft) sayUnderWay(form, "sending");
  else if (kind !== "marks") report(message("sending"));
  let answer = await send(form, button);
  if (!answer && isDraft && warns("unreachable")) {
    sayUnderWay(form, "checking");
    answer = await askFor(form, attempt);
  }
  // It was sent once more meanwhile: the later attempt decides.
  if (form.attempt !== attempt) return;
  form.sent = null;
  sayUnderWay(form, null);
  if (!answer) {
    keep(form);
    return report("");
  }
  const next = answer.page.querySelector(`form.${kind}`);
  report(answer.ok ? answer.page.querySelector(".done") : "");
  if (kind === "composer" && answer.ok) {
    forget(form);
    form.replaceWith(carryOver(form, before, blankComposer()));
    keep(composer());
    sayPublished(composer(), Date.now());
    composer().elements.body.focus({ preventScroll: true });
  } else if (!answer.ok && next) {
    goOn(form, next);
    form.replaceWith(next);
    keep(next);
    (next.querySelector("[aria-invalid], .conflict[tabindex]") ?? next.elements.body ?? next.elements.reason)?.focus();
  } else {
    const tools = form.closest(".update-tools");
    forget(form);
    if (kind !== "marks") form.remove();
    // The tools of what was retracted go with it; the way back follows its message.
    const here = kind === "retraction" ? document.querySelector(".done") : tools.querySelector("a.edit");
    here.focus({ preventScroll: true });
  }
  if (answer.ok) show(answer.page);
  freshen();
}

if (list()) watch();
const forms = [...document.querySelectorAll("form[data-keep]")];
for (const form of forms) if (form.elements.draft_id && !(form.dataset.seq > 0) && !cameBack(form)) newDraft(form);
arrived(isDone(), forms);
addEventListener("input", ({ target }) => target.form && keep(target.form));
