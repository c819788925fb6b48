// What is typed in a form with `data-keep` is kept on this device until the site has taken it: through a crash, a closed
// tab and a session that ran out. It belongs to the editor and the form that `data-keep` names, and to this page: what
// another open tab writes is never touched. What a page left behind that is gone is taken over by the next one that
// opens the form, with the id of its draft, so that it cannot be published twice, and with the revision it was written
// on, so that what others saved since is noticed when it is sent.

import { saveSoon, sendState, stateOf } from "./drafts.js";

// ms in which a page that is left is gone, and the next one of its tab is there
const PASSING = 1_000;
const SENT = "sent", PAGE = "page";
const owner = `${Date.now()}-${Math.random()}`;
const before = read(PAGE, sessionStorage);
write(PAGE, owner, sessionStorage);

// Held as long as this page lives. Without a secure context there are no locks, and every other page counts as gone.
navigator.locks?.request(lockOf(owner), () => new Promise(() => {}));

// The fields that hold words.
export const texts = (form) => [...form.querySelectorAll("input[type=text], textarea:not([readonly])")];

// Whether the form came back with a reason or with somebody else's text: then the site does not have its content.
const cameBack = (form) => form.matches(":has([aria-invalid], .conflict)");

// Whether the form has any text that the site does not have.
export const dirty = (form) => texts(form).some(({ value, defaultValue }) => value !== (cameBack(form) ? "" : defaultValue));

// Keeps what is in the form now. A form without `data-keep`, such as that of a retraction, is left alone, here as below.
export function keep(form) {
  if (!form.dataset.keep) return;
  if (dirty(form) || form.dataset.seq > 0) saveSoon(form);
  if (!dirty(form)) return forget(form);
  const { draft_id: draft, revision } = form.elements;
  const typed = texts(form).map(({ name, value }) => [name, value]);
  const kept = { revision: revision?.value, typed, at: Date.now() };
  if (draft) Object.assign(kept, { draft: draft.value, seq: Number(form.dataset.seq), state: stateOf(form) });
  write(addressOf(form), kept);
}

// Forgets what this page keeps of that form, and nothing of any other page.
export function forget(form) {
  if (form.dataset.keep) remove(addressOf(form));
}

// Puts what is kept of that form into it, unless the editor was faster.
export async function restore(form) {
  if (!form.dataset.keep) return;
  for (const [address, kept] of left(form)) {
    if (await gone(ownerOf(address)) && (await only(() => take(address, kept, form)))) return;
  }
}

// The form is being sent, and the page that comes back says whether it was stored.
export function sending(form) {
  if (form.dataset.keep) write(SENT, addressOf(form), sessionStorage);
}

// This is that page. The form that led here was stored, or has come back, and then this page keeps it.
export function arrived(taken, forms) {
  const address = read(SENT, sessionStorage);
  remove(SENT, sessionStorage);
  const back = forms.find(cameBack);
  if (address && (taken || back)) remove(address);
  if (back) keep(back);
  else forms.forEach(restore);
}

// Brings what this editor typed on this device to the site, from all pages, open or not, and wipes it here. Resolves to
// whether all of it is there.
export async function bringAll(editor) {
  const sent = ofEditor(editor).map(async ([address, { draft, seq, state }]) => {
    if (!draft) return false; // of an article, which has no draft at the site
    try {
      // A draft that the site knows in a later state, or as published, is there.
      const { ok, status } = await sendState(draft, { ...state, seq: seq + 1 });
      if (!ok && status !== 404 && status !== 409) return false;
      remove(address);
      return true;
    } catch {
      return false;
    }
  });
  return (await Promise.all(sent)).every(Boolean);
}

// Wipes it without that.
export function wipe(editor) {
  for (const [address] of ofEditor(editor)) remove(address);
}

function take(address, kept, form) {
  // Another page may have taken it meanwhile.
  if (!read(address) || dirty(form)) return false;
  remove(address);
  for (const [name, value] of kept.typed) if (form.elements[name]) form.elements[name].value = value;
  if (kept.draft && form.elements.draft_id) {
    form.elements.draft_id.value = kept.draft;
    form.dataset.seq = kept.seq;
  }
  if (kept.revision && form.elements.revision) form.elements.revision.value = kept.revision;
  keep(form);
  form.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

// What pages that may be gone have kept of that form: this tab's first, then the latest.
function left(form) {
  const mine = addressOf(form), beginning = mine.slice(0, -owner.length);
  const first = ([address, kept]) => (ownerOf(address) === before ? Infinity : kept.at);
  return everything()
    .filter(([address, kept]) => address.startsWith(beginning) && address !== mine && kept?.typed)
    .sort((a, b) => first(b) - first(a));
}

const ofEditor = (editor) => everything().filter(([address]) => address.startsWith(`kept/${editor} `));

function everything() {
  try { return Object.keys(localStorage).map((address) => [address, read(address)]); } catch { return []; }
}

// Whether that page is gone. What this tab's own page before left is taken at once; any other's may be wanted by the
// page that just takes its place, so that goes first.
async function gone(page) {
  try {
    await navigator.locks?.request(lockOf(page), { signal: AbortSignal.timeout(PASSING) }, () => {});
    if (page !== before) await new Promise((next) => setTimeout(next, PASSING));
    return true;
  } catch {
    return false;
  }
}

const only = (work) => navigator.locks?.request("liveline taking over", work) ?? work();
const addressOf = (form) => `kept/${form.dataset.keep}/${owner}`;
const ownerOf = (address) => address.slice(address.lastIndexOf("/") + 1);
function lockOf(page) { return `liveline page ${page}`; }

// Storage may be full or forbidden: then the text is in the form, and nowhere else.
function write(address, value, storage = localStorage) {
  try { storage.setItem(address, JSON.stringify(value)); } catch { return; }
}

function read(address, storage = localStorage) {
  try { return JSON.parse(storage.getItem(address)); } catch { return null; }
}

function remove(address, storage = localStorage) {
  try { storage.removeItem(address); } catch { return; }
}
