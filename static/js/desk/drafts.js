// Saves what is typed in a composer or an edit form at the site, so that it can be gone on with on another device. A draft
// has an id, which makes publishing it idempotent, and each state has a number: the site refuses one that is not newer
// than what it has, so that no window overwrites another's text.

import { request, sendJson } from "./answers.js";
import { contentOf, noteStored, sayConflict } from "./draft_state.js";
import { fill } from "./fields.js";
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
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(save, wait, form));
}

// Saves the form now, after a save that is under way.
function save(form) {
  clearTimeout(timers.get(form));
  queue(form, () => isDraft(form) && put(form)).catch(() => {});
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

// Sends a state of a draft, which the site takes only while the editor of this page is signed in. Rejects where there is no
// answer, or one that says nothing about the draft.
export async function sendState(id, state) {
  const editor = Number(document.querySelector("form[data-editor]").dataset.editor);
  const answer = await sendJson("PUT", `/desk/drafts/${id}`, { ...state, editor });
  if (answer.status >= 500 || answer.status === 429) throw answer;
  return answer;
}

async function put(form) {
  const state = stateOf(form), content = contentOf(form), seq = Number(form.dataset.seq) + 1;
  const id = form.elements.draft_id.value;
  // An emptied composer is no draft
  if (!state.update && !`${state.headline}${state.body}`.trim()) {
    if (form.dataset.seq > 0) await request(addressOf(form), { method: "DELETE" }).catch(() => {});
    return;
  }
  let answer;
  try {
    answer = await sendState(id, { ...state, seq });
  } catch {
    unanswered.set(form, JSON.stringify(state));
    return saveSoon(form, AGAIN);
  }
  // The form holds another draft by now
  if (form.elements.draft_id.value !== id) return;
  if (answer.ok) {
    form.dataset.seq = seq;
    if (warns("signedOut")) warn(null);
    noteStored(form, "site", content);
  } else if (answer.status === 401) warn("signedOut");
  else if (answer.status === 409) choose(form, (await answer.json()).stored);
  else warn("refused", (await answer.json().catch(() => null))?.detail);
}

// Another window has a later state: the editor chooses, and both texts are there until then.
function choose(form, latest) {
  if (latest.state === "published" || !form.isConnected) return;
  const { feed, update_id: update, revision, headline, body, language, note, key, pinned } = latest;
  if (JSON.stringify({ feed, update, revision, headline, body, language, note, key, pinned }) === unanswered.get(form)) {
    // It is this window's own
    form.dataset.seq = latest.seq;
    return saveSoon(form);
  }
  sayConflict(form, true);
  const choice = form.querySelector(".draft-choice");
  choice.hidden = false;
  choice.onclick = ({ target }) => {
    if (!target.dataset.use) return;
    choice.hidden = true;
    sayConflict(form, false);
    form.dataset.seq = latest.seq;
    if (target.dataset.use === "theirs") fill(form, asTyped(latest));
    form.elements.body.dispatchEvent(new Event("input", { bubbles: true }));
    form.elements.body.focus();
  };
}

// A state of a draft as the fields of its form have it.
function asTyped({ headline, body, language, note, key, pinned }) {
  return [...Object.entries({ headline, body, language, note }), ["key", "1", key], ["pinned", "1", pinned]];
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
