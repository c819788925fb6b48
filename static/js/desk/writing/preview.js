// The preview: what readers will see of the text in the composer, as the site renders it. It is beside the text or,
// where there is no room, in a tab. It is above a text that is reviewed, and shows what an editor makes of that.

import { morph } from "../../morph.js";
import { trusted } from "../../words.js";
import { sendJson } from "../answers.js";
import { dressed, shownText } from "../pictures/attached.js";
import { count } from "./count.js";

const PAUSE = 300; // ms without a key, after which the text is shown

const composer = () => document.querySelector("form:is(.composer, .review-form[data-feed])");

let timer, asking = false, outdated = false;

// Shows the text soon, when nothing more is typed.
function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, PAUSE);
}

// One request at a time; what was typed meanwhile is asked for after it.
async function refresh() {
  outdated = asking;
  const form = composer();
  if (asking || !form) return;
  const typed = textOf(form);
  if (!typed.body.trim() && !typed.headline.trim()) return clear(form);
  asking = true;
  try {
    const answer = await sendJson("POST", "/desk/preview", typed);
    const told = await answer.json();
    if (answer.ok) show(form, told);
    else tell(form, "stale", told.detail);
  } catch {
    const line = form.querySelector(".not-shown");
    tell(form, "stale", line.dataset.failed);
  }
  asking = false;
  if (outdated) refresh();
}

function textOf({ elements, dataset }) {
  const { headline, body, language, status, source, key, pinned } = elements;
  const flags = { key: !!key?.checked, pinned: !!pinned?.checked };
  const words = { headline: headline.value, body: shownText(body.value), status: status.value, source: source.value };
  const submission = dataset.submission && { submission: Number(dataset.submission) };
  return { ...submission, feed: dataset.feed, ...words, language: language.value, ...flags };
}

function show(form, { html, words, notes, errors }) {
  if (!html) return tell(form, "stale", errors[0]?.message);
  put(form, html, notes);
  tell(form, "current", "");
  count(form, words);
}

function clear(form) {
  put(form, "", []);
  tell(form, "empty", "");
  count(form, "");
}

function put(form, html, notes) {
  const list = form.querySelector(".previewed"), fresh = list.cloneNode();
  fresh.innerHTML = trusted(dressed(html));
  // It has no address yet that could be opened or shared.
  fresh.querySelector(".share")?.remove();
  for (const link of fresh.querySelectorAll("a[href]")) {
    if (link.closest(".when")) link.removeAttribute("href");
    else link.target = "_blank";
  }
  // What has not changed stays: pictures, open folds, and external posts that were loaded.
  morph(list, fresh);
  form.querySelector(".applied").replaceChildren(...notes.map((note) => Object.assign(document.createElement("li"), { textContent: note })));
}

function tell(form, state, why = "") {
  form.querySelector(".preview").dataset.state = state;
  form.querySelector(".not-shown").textContent = why;
}

// The tabs
function choose(tab) {
  for (const each of tab.parentElement.children) {
    each.ariaSelected = String(each === tab);
    each.tabIndex = each === tab ? 0 : -1;
  }
  tab.closest("form").dataset.tab = tab.getAttribute("aria-controls");
}

addEventListener("click", ({ target }) => {
  const tab = target.closest(".tabs [role=tab]");
  if (tab) choose(tab);
});

addEventListener("keydown", ({ target, key }) => {
  if (!["ArrowLeft", "ArrowRight"].includes(key) || !target.matches(".tabs [role=tab]")) return;
  const other = target.nextElementSibling ?? target.previousElementSibling;
  other.focus();
  choose(other);
});

// A picture that has arrived is a change of the form itself (attached.js).
for (const kind of ["input", "change"]) addEventListener(kind, ({ target }) => (target.form ?? target) === composer() && soon());

// After publishing, the page has another composer.
if (composer()) {
  new MutationObserver(soon).observe(composer().parentElement, { childList: true });
  soon();
}
