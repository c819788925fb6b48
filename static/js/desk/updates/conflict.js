// A form that is open learns at once that somebody else saved or retracted its update, and says so before it is sent.

import { say } from "../../aloud.js";
import { isSignIn, pageIn, request } from "../answers.js";
import { dirty } from "../fields.js";

// ms between two questions of a form whose text is not pushed to this page: an article's, or one on a page of its own
const ASK_EVERY = 20_000;

// The version of the update that a form has taken note of, by form
const known = new WeakMap();

const formsInList = () => document.querySelectorAll("live-feed:not([still]) .workbench form.edit");
const notPushed = (form) => form.elements.revision && !form.closest("live-feed:not([still])");

function watchUpdates() {
  for (const form of formsInList()) {
    const version = document.getElementById(`update-${form.dataset.edits}`)?.dataset.version ?? "gone";
    if (known.has(form) && known.get(form) !== version) askWhatChanged(form);
    known.set(form, version);
  }
}

// The latest question decides. A form that is being sent is told by its answer.
async function askWhatChanged(form) {
  const asked = (form.asked = {});
  try {
    const body = new URLSearchParams(new FormData(form));
    const answer = await request(`${form.getAttribute("action")}/changed`, { method: "POST", body });
    if (!answer.ok || isSignIn(answer)) return;
    const page = answer.status === 204 ? null : await pageIn(answer);
    if (form.asked === asked && form.isConnected && !form.sent) tellWhatChanged(form, page?.querySelector(".notice"));
  } catch {
    // Without an answer, sending the form tells
  }
}

// Without a notice there is nothing to tell; an update that was brought back is no longer said to be gone.
function tellWhatChanged(form, notice) {
  const before = form.querySelector(".notice");
  if (!notice) return before?.matches(".gone") && before.remove();
  const fold = notice.querySelector("details");
  if (fold && before?.querySelector("details")?.open) fold.open = true;
  if (before) before.replaceWith(notice);
  // Below what is being written, which must not move
  else form.querySelector(":scope > .actions").before(notice);
  say(notice.querySelector("summary, p").textContent.trim(), form);
}

new MutationObserver(watchUpdates).observe(document.getElementById("main"), {
  attributes: true, attributeFilter: ["data-version"], childList: true, subtree: true,
});

// What was kept of a form has been put into it, and may be of an earlier revision.
addEventListener("change", ({ target }) => target.matches("form.edit, form.article-form") && target.elements.revision && askWhatChanged(target));

function askOfOthers() {
  if (document.hidden) return;
  for (const form of document.querySelectorAll("form.edit, form.article-form")) if (notPushed(form) && dirty(form)) askWhatChanged(form);
}
setInterval(askOfOthers, ASK_EVERY);
document.addEventListener("visibilitychange", askOfOthers);
