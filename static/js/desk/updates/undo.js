// Undo and Restore: what was just published is taken off again, and its text is back in the composer; what was retracted
// comes back.

import "../../feed.js";
import { pageIn, request, send, turnAt } from "../answers.js";
import { stop } from "../drafts/drafts.js";
import { forget, keep } from "../drafts/kept.js";
import { list, show } from "./list.js";
import { report, warn } from "../messages.js";
import { composer, isBlank } from "../writing/composer.js";

const done = document.querySelector(".done");

// Whether anything was typed since Undo was offered: then the browser's own undo is meant by its keys.
let typed = false;

addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches(".undo, .restoration") || !list()) return;
  event.preventDefault();
  if (form.sent) return;
  form.sent = true;
  const isNewest = turnAt(section() ?? form);
  const answer = await send(form, event.submitter);
  form.sent = false;
  // Where no answer came, it may be done all the same: pressing the button again tells.
  form.unsure = !answer;
  if (!answer) return;
  if (!answer.ok) return warn("refused", answer.page.querySelector("[role=alert]:not([hidden])")?.textContent);
  const within = form.closest(".retracted-updates"), undone = form.matches(".undo");
  report(answer.page.querySelector(".done"));
  show(answer.page);
  if (isNewest()) renew(answer.page);
  if (undone) putBack(answer.page);
  else (within ?? document).querySelector(within ? "summary" : ".done").focus({ preventScroll: !within });
});

// Puts the text into the composer, unless the editor is writing another one there. Then it stays among the drafts.
function putBack(page) {
  const form = composer(), next = page.querySelector("form.composer");
  if (isBlank(form)) {
    stop(form);
    forget(form);
    form.replaceWith(next);
    keep(next);
  } else {
    done.querySelector(".put-back").hidden = true;
    done.querySelector(".put-aside").hidden = false;
  }
  const { body } = composer().elements;
  body.focus({ preventScroll: true });
  // The margin that its style has keeps it below the message
  body.scrollIntoView({ block: "nearest" });
}

// The message of what was done has changed: it may offer Undo, for some seconds.
function look() {
  const form = done.querySelector(".undo");
  if (done.querySelector(".restoration")) refresh();
  if (!form) return;
  typed = false;
  setTimeout(() => form.sent || form.unsure || end(form), form.dataset.seconds * 1_000);
}

function end(form) {
  const focused = form.contains(document.activeElement);
  form.remove();
  if (focused) composer().elements.body.focus({ preventScroll: true });
}

addEventListener("input", ({ target }) => {
  typed ||= target.form === composer();
});

addEventListener("keydown", (event) => {
  const { key, ctrlKey, metaKey, shiftKey, altKey, target } = event;
  if (key.toLowerCase() !== "z" || !(ctrlKey || metaKey) || shiftKey || altKey || typed) return;
  const form = done?.querySelector(".undo");
  if (!form || target.form !== composer() || !isBlank(composer())) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button"));
});

// The list of what was retracted, below the feed
const section = () => document.querySelector(".retracted-updates");

// Others retract and restore, too.
const Feed = customElements.get("live-feed").prototype, { put } = Feed;
Feed.put = function (changes) {
  put.call(this, changes);
  const isListed = (id) => section()?.querySelector(`[action="/desk/updates/${id.slice(7)}/restoration"]`);
  const isGone = (id) => id.startsWith("update-") && !document.getElementById(id)?.matches(".update");
  if (changes.some(({ id }) => isGone(id) || isListed(id))) refresh();
};

async function refresh() {
  if (!section()) return;
  const isNewest = turnAt(section());
  try {
    const page = await pageIn(await request(location.pathname));
    if (isNewest()) renew(page);
  } catch {
    // It is as it was, and is asked for again when it is opened
  }
}

function renew(page) {
  const fresh = page.querySelector(".retracted-updates"), old = section();
  if (!fresh || !old) return;
  old.hidden = fresh.hidden;
  old.querySelector("ol").replaceWith(fresh.querySelector("ol"));
}

if (done) {
  new MutationObserver(look).observe(done, { childList: true });
  look();
}
section()?.addEventListener("toggle", ({ target }) => target.open && refresh());
