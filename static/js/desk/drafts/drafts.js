// Saves what is typed in a composer or the form of an update or article at the site, so that it can be gone on with on
// another device. A draft has an id, which makes publishing it idempotent, and each state has a number: the site refuses
// one that is not newer than what it has, so that no window overwrites another's text.

import { request, sendJson } from "../answers.js";
import { contentOf, noteStored, sayConflict } from "./draft_state.js";
import { fill } from "../fields.js";
import { warn, warns } from "../messages.js";
import { pageEditor, randomDigits } from "../page.js";

// ms after typing stops until it is saved
const PAUSE = 1_000;
// ms until a save that had no answer is tried again
const AGAIN = 5_000;
// characters of a request that goes on when its page is left; browsers take 64 kB, and a character has up to 3 bytes
const OUTLIVES = 20_000;

// What there is in each kind of forms: which update or article it is about, its texts and its flags. Of something new
// there is a draft once one of the texts that are `written` by hand holds something. One of several is `picked`.
const KINDS = {
  update: {
    of: ({ feed, edits }) => ({ feed, update: edits ? Number(edits) : null }),
    texts: ["headline", "body", "language", "status", "source", "note"],
    flags: ["key", "pinned"],
    written: ["headline", "body"],
  },
  article: {
    of: ({ article }) => ({ article: article ? Number(article) : null }),
    texts: ["kicker", "headline", "slug", "standfirst", "body", "byline", "author", "language", "picture"],
    flags: ["draft", "live"],
    picked: "picture",
    written: ["kicker", "headline", "standfirst", "body"],
  },
};
const kindOf = (form) => KINDS["article" in form.dataset ? "article" : "update"];

const timers = new WeakMap(), running = new WeakMap();
// The last states that had no answer, by form, also those of the page before, which was left: the site may have one of
// them all the same, and it is not another window's
const unanswered = new WeakMap();
const MOST_UNANSWERED = 4;
export const unansweredOf = (form) => unanswered.get(form) ?? [];

// A state was sent, or is the page's before; no answer has come.
export function noteUnanswered(form, ...states) {
  unanswered.set(form, [...new Set([...unansweredOf(form), ...states])].slice(-MOST_UNANSWERED));
}

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
        // It goes on when the page is left, unless it is too long for that
        await sendState(form.elements.draft_id.value, { ...state, seq }, JSON.stringify(state).length < OUTLIVES);
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

// An id for a draft.
export const newId = () => randomDigits(16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

// The form came back as `next`: it goes on with the same draft.
export function goOn(form, next) {
  if (next.elements.draft_id?.value === form.elements.draft_id?.value) next.dataset.seq = form.dataset.seq;
}

// Sends a state of a draft, which the site takes only while the editor of this page is signed in. Rejects where there is no
// answer, or one that says nothing about the draft.
export async function sendState(id, state, keepalive = false) {
  const answer = await sendJson("PUT", `/desk/drafts/${id}`, { ...state, editor: Number(pageEditor()) }, { keepalive });
  if (answer.status >= 500 || answer.status === 429) throw answer;
  return answer;
}

async function put(form) {
  const state = stateOf(form), content = contentOf(form), seq = Number(form.dataset.seq) + 1;
  const id = form.elements.draft_id.value;
  // An emptied form of something new is no draft
  if (!(state.update ?? state.article) && !kindOf(form).written.some((name) => state[name].trim())) {
    if (form.dataset.seq > 0) await request(addressOf(form), { method: "DELETE" }).catch(() => {});
    return;
  }
  let answer;
  noteUnanswered(form, JSON.stringify(state));
  try {
    answer = await sendState(id, { ...state, seq });
  } catch {
    return saveSoon(form, AGAIN);
  }
  // The form holds another draft by now
  if (form.elements.draft_id.value !== id || !form.isConnected) return;
  if (answer.ok) {
    form.dataset.seq = seq;
    unanswered.delete(form);
    if (warns("signedOut")) warn(null);
    noteStored(form, "site", content);
  } else if (answer.status === 401) warn("signedOut");
  else if (answer.status === 409) choose(form, (await answer.json()).stored);
  else {
    noteStored(form, "refused", content);
    warn("refused", (await answer.json().catch(() => null))?.detail);
  }
}

// Another window has a later state: the editor chooses, and both texts are there until then.
function choose(form, latest) {
  if (latest.state === "published" || !form.isConnected) return;
  const theirs = JSON.stringify(stateFrom(form, latest));
  if (unansweredOf(form).includes(theirs) || theirs === JSON.stringify(stateOf(form))) {
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
    if (target.dataset.use === "theirs") fill(form, asTyped(form, latest));
    form.elements.body.dispatchEvent(new Event("input", { bubbles: true }));
    form.elements.body.focus();
  };
}

// A state of a draft as the fields of that form have it.
function asTyped(form, state) {
  const { texts, flags, picked } = kindOf(form);
  return [
    ...texts.map((name) => (name === picked ? [name, state[name], true] : [name, state[name]])),
    ...flags.map((name) => [name, "1", state[name]]),
  ];
}

// What the form holds, as the site stores it.
export function stateOf(form) {
  const held = { revision: form.elements.revision ? Number(form.elements.revision.value) : null };
  const { texts, flags } = kindOf(form);
  for (const name of texts) held[name] = form.elements[name]?.value ?? "";
  for (const name of flags) held[name] = !!form.elements[name]?.checked;
  return stateFrom(form, held);
}

// A state of that form's draft, whoever wrote it.
function stateFrom(form, held) {
  const { of, texts, flags } = kindOf(form);
  const state = { ...of(form.dataset), revision: held.revision };
  for (const name of [...texts, ...flags]) state[name] = held[name];
  return state;
}
