// Saves what is typed in a composer or an edit form at the site, so that it can be gone on with on another device. A draft
// has an id, which makes publishing it idempotent, and each state has a number: the site refuses one that is not newer
// than what it has, so that no window overwrites another's text.

import { request, sendJson } from "./answers.js";
import { warn, warns } from "./messages.js";

// ms after typing stops until it is saved
const PAUSE = 1_000;
// ms until a save that had no answer is tried again
const AGAIN = 5_000;

const timers = new WeakMap(), running = new WeakMap();
// The last state that had no answer, by form: the site may have it all the same
const unanswered = new WeakMap();

const isDraft = (form) => !!form.elements.draft_id && form.isConnected;
const addressOf = (form) => `/desk/drafts/${form.elements.draft_id.value}`;

// The form was changed: it is saved soon.
export function saveSoon(form, wait = PAUSE) {
  if (!isDraft(form)) return;
  if (wait === PAUSE) say(form, "device");
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(save, wait, form));
}

// Saves the form now, after a save that is under way.
function save(form) {
  clearTimeout(timers.get(form));
  queue(form, () => isDraft(form) && put(form)).catch(() => say(form, "device"));
}

// Does that when all that was begun before for this form is done.
function queue(form, work) {
  const now = Promise.resolve(running.get(form)).then(work);
  running.set(form, now.catch(() => {}));
  return now;
}

// Nothing of the form is saved any more: it is being published, or was.
export const stop = (form) => clearTimeout(timers.get(form));

// The editor throws away what was typed in that form, which left the page. The site has its last state for a week. Where
// the site does not answer this is tried again, unless the form is back.
export function discard(form) {
  stop(form);
  const state = { ...stateOf(form), discarded: true };
  queue(form, async () => {
    while (!form.isConnected) {
      const seq = Number(form.dataset.seq) + 1;
      try {
        await sendState(form.elements.draft_id.value, { ...state, seq });
        form.dataset.seq = seq;
        return;
      } catch {
        await new Promise((next) => setTimeout(next, AGAIN));
      }
    }
  });
}

// Keeps a discarded text again, at the site alone. Rejects where the site does not answer.
export function keepAgain(form) {
  return queue(form, () => sendState(form.elements.draft_id.value, { ...stateOf(form), seq: ++form.dataset.seq }));
}

// An id for a draft. Without a secure context browsers make no UUID by themselves.
export function newId() {
  const digits = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// The form came back as `next`: it goes on with the same draft.
export function goOn(form, next) {
  if (next.elements.draft_id?.value === form.elements.draft_id?.value) next.dataset.seq = form.dataset.seq;
}

// Sends a state of a draft. Rejects where there is no answer, or one that says nothing about the draft.
export async function sendState(id, state) {
  const answer = await sendJson("PUT", `/desk/drafts/${id}`, state);
  if (answer.status >= 500 || answer.status === 429) throw answer;
  return answer;
}

async function put(form) {
  const state = stateOf(form), seq = Number(form.dataset.seq) + 1;
  // An emptied composer is no draft
  if (!state.update && !`${state.headline}${state.body}`.trim()) {
    if (form.dataset.seq > 0) await request(addressOf(form), { method: "DELETE" }).catch(() => {});
    return say(form, "");
  }
  let answer;
  try {
    answer = await sendState(form.elements.draft_id.value, { ...state, seq });
  } catch {
    unanswered.set(form, JSON.stringify(state));
    say(form, "device");
    return saveSoon(form, AGAIN);
  }
  if (answer.ok) {
    form.dataset.seq = seq;
    if (warns("signedOut")) warn(null);
    say(form, JSON.stringify(stateOf(form)) === JSON.stringify(state) ? "saved" : "device");
  } else if (answer.status === 401) warn("signedOut");
  else if (answer.status === 409) choose(form, (await answer.json()).stored);
  else warn("refused", (await answer.json().catch(() => null))?.detail);
}

// Another window has a later state: the editor chooses, and both texts are there until then.
function choose(form, stored) {
  if (stored.state === "published" || !form.isConnected) return;
  const { feed, update_id: update, revision, headline, body, language, note, key, pinned } = stored;
  if (JSON.stringify({ feed, update, revision, headline, body, language, note, key, pinned }) === unanswered.get(form)) {
    // It is this window's own
    form.dataset.seq = stored.seq;
    return saveSoon(form);
  }
  say(form, "conflict");
  const choice = form.querySelector(".draft-choice");
  choice.hidden = false;
  choice.onclick = ({ target }) => {
    if (!target.dataset.use) return;
    choice.hidden = true;
    form.dataset.seq = stored.seq;
    if (target.dataset.use === "theirs") fill(form, stored);
    form.elements.body.dispatchEvent(new Event("input", { bubbles: true }));
    form.elements.body.focus();
  };
}

function fill(form, stored) {
  for (const name of ["headline", "body", "language", "note"]) if (form.elements[name]) form.elements[name].value = stored[name];
  for (const name of ["key", "pinned"]) if (form.elements[name]) form.elements[name].checked = stored[name];
}

// What the form holds, as the site stores it.
export function stateOf(form) {
  const { headline, body, language, note, key, pinned, revision } = form.elements;
  return {
    feed: form.dataset.feed,
    update: form.dataset.edits ? Number(form.dataset.edits) : null,
    revision: revision ? Number(revision.value) : null,
    headline: headline.value, body: body.value, language: language?.value ?? "", note: note?.value ?? "",
    key: !!key?.checked, pinned: !!pinned?.checked,
  };
}

function say(form, name) {
  const line = form.querySelector(".draft-state");
  if (!line || line.dataset.shown === name) return;
  line.dataset.shown = name;
  line.textContent = line.dataset[name] ?? "";
}
