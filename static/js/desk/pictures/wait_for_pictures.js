// A text is sent when the site has its pictures and their words. Until then the form waits, and says so.

import { askForWords, attachedTo, cardOf, fieldsOf, sayBelow } from "./attached.js";
import { saveWords, uploads } from "./uploads.js";

// ms after which the editor is asked, and the text is not sent by itself: the news may have gone on
const LONGEST = 10 * 60_000;
const FAILED = ["cancelled", "refused", "lost"];

// By form: the button, and since when
const waiting = new Map();

const hasAll = ({ state, unsent }) => state === "public" || (state === "there" && !unsent);
const described = ({ state, words }) => state === "public" || words.decorative || !!words.alt.trim();
const nameOf = (button) => button?.textContent.trim() ?? "";

// Before any other listener, so that the form is as good as not sent.
addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.querySelector(".picture-files") || submitter?.matches("[formaction]:not(.to-schedule, .submit-text)")) return;
  if (isReady(form, submitter, lead)) return stopWaiting(form);
  event.preventDefault();
  event.stopImmediatePropagation();
  if (waiting.has(form)) form.querySelector(".waits").scrollIntoView({ block: "nearest" });
}, true);

uploads.addEventListener("change", () => {
  for (const [form, { button, since }] of waiting) {
    if (!form.isConnected) waiting.delete(form);
    // The focus stays where the editor writes
    else if (!isReady(form, button, () => {})) continue;
    else if (Date.now() - since > LONGEST) stopWaiting(form, "late", { button: nameOf(button) });
    else form.requestSubmit(button);
  }
});

addEventListener("click", ({ target }) => {
  if (!target.matches(".stop-waiting")) return;
  stopWaiting(target.form);
  target.form.elements.body.focus();
});

// Whether the form can be sent now. If not, it says why and leads the editor there, or waits where waiting helps.
function isReady(form, button, leadTo) {
  const pictures = attachedTo(form), missing = pictures.filter((each) => !hasAll(each));
  const failed = pictures.find(({ state }) => FAILED.includes(state));
  const wrong = pictures.find((each) => each.wrong) ?? pictures.find((each) => !described(each));
  if (failed) {
    const name = failed.name || cardOf(form, failed.id).querySelector("legend").textContent;
    stopWaiting(form, "failed", { name, button: nameOf(button) });
    leadTo(form, failed);
  } else if (wrong) {
    stopWaiting(form);
    if (!described(wrong)) askForWords(form, wrong);
    leadTo(form, wrong);
  } else if (missing.length) {
    if (!waiting.has(form)) waiting.set(form, { button, since: Date.now() });
    sayBelow(form, "waits", { count: missing.length, button: nameOf(button) });
    form.querySelector(".stop-waiting").hidden = false;
    missing.forEach(saveWords);
  }
  return !failed && !wrong && !missing.length;
}

function lead(form, { id, state, wrong }) {
  const card = cardOf(form, id);
  if (state === "cancelled") card.querySelector(".try-again").focus();
  else if (FAILED.includes(state)) card.querySelector(".remove-picture").focus();
  else fieldsOf(form, id)[Object.keys(wrong)[0]].focus();
}

function stopWaiting(form, name, values) {
  waiting.delete(form);
  sayBelow(form, name, values);
  const button = form.querySelector(".stop-waiting");
  if (button) button.hidden = true;
}
