// What is typed in a form with `data-keep` is kept on this device until the site has taken it: through a crash, a closed
// tab and a session that ran out. It belongs to the editor and the form that `data-keep` names, and to this page: what
// another open tab writes is never touched. What a page left behind that is gone is taken over by the next one that
// opens the form, with the id of its draft, so that it cannot be published twice, and with the revision it was written
// on, so that what others saved since is noticed when it is sent.

import { truthOf } from "../answers.js";
import { read, write } from "../device.js";
import { contentOf, noteStored, sayState } from "./draft_state.js";
import { newId, noteUnanswered, saveSoon, sendState, stateOf, unansweredOf } from "./drafts.js";
import { cameBack, dirty, fill, typedIn } from "../fields.js";

// ms in which a page that is left is gone, and the next one of its tab is there
const PASSING = 1_000;
// ms to wait for the end of the page that this tab showed before; on a slow device it takes its time
const LEAVING = 10_000;
// What this tab keeps: the form that was sent, one of which no page has said what became of it, and the page
const SENT = "sent", UNSURE = "unsure", PAGE = "page";
export const owner = `${Date.now()}-${Math.random()}`;
const before = inSession(PAGE);
const asides = [];
setInSession(PAGE, owner);

// Held as long as this page lives. Without a secure context there are no locks, and every other page counts as gone.
navigator.locks?.request(lockOf(owner), () => new Promise(() => {}));

// Keeps what is in the form now. A form without `data-keep`, such as that of a retraction, is left alone, here as below.
export function keep(form) {
  if (!form.dataset.keep) return;
  if (dirty(form) || form.dataset.seq > 0) saveSoon(form);
  sayState(form);
  if (!dirty(form)) return forget(form);
  const content = contentOf(form);
  // Storage may be full or forbidden: then the text is in the form, and nowhere else.
  put(addressOf(form), recordOf(form)).then(() => noteStored(form, "device", content), () => noteStored(form, "device", null));
}

// Forgets what this page keeps of that form, and nothing of any other page.
export function forget(form) {
  if (form.dataset.keep) remove(addressOf(form));
}

// Keeps what is in the form apart from it, which is to hold another text meanwhile. Rejects where the device cannot.
export async function putAside(form) {
  const address = addressOf(form).replace(owner, newId());
  await put(address, recordOf(form));
  asides.push(address);
  forget(form);
}

// Puts what was put aside last into the form; given a place in the outbox, the text that has that place. Resolves to
// whether there was any.
export async function takeAside(form, order) {
  const found = asides.length ? (await everything()).filter(({ address }) => asides.includes(address)) : [];
  const kept = found.sort((a, b) => b.at - a.at).find((each) => !order || each.order === String(order));
  return !!kept && only(() => take(kept, form));
}

// Whether the page of that name is gone.
export const isGone = (page) => navigator.locks?.request(lockOf(page), { ifAvailable: true }, (lock) => !!lock) ?? true;

// Puts what is kept of that form into it, unless the editor was faster.
export async function restore(form) {
  if (!form.dataset.keep) return;
  for (const kept of await left(form)) {
    // The editor asked for another draft
    if (form.dataset.seq > 0 && kept.draft !== form.elements.draft_id.value) continue;
    if ((await gone(ownerOf(kept.address))) && (await only(() => take(kept, form)))) return;
  }
}

// The form is being sent, and the page that comes back says whether it was stored. No earlier one is meant by that page.
export function sending(form) {
  const address = form.dataset.keep ? addressOf(form) : null;
  setInSession(SENT, address);
  if (address) setInSession(UNSURE, address);
}

// This is that page. The form that led here was stored, or has come back, and then this page keeps it. The editor may have
// left that page before it ran, or while it forgot the form: then the site is asked.
export function arrived(taken, forms) {
  const address = inSession(SENT), unsure = inSession(UNSURE), back = forms.find(cameBack);
  setInSession(SENT, null);
  const settled = address && (taken || back) ? remove(address) : unsure && askAbout(unsure);
  settled?.then(() => inSession(UNSURE) === unsure && setInSession(UNSURE, null));
  for (const form of forms) if (form.dataset.seq > 0 && form !== back) noteStored(form, "site", contentOf(form));
  if (back) keep(back);
  else Promise.resolve(settled).then(() => forms.forEach(restore));
}

// Forgets what is kept at that address if the site has it.
async function askAbout(address) {
  try {
    const kept = (await everything()).find((each) => each.address === address);
    if (kept?.draft && (await truthOf(kept.draft))?.state === "published" && (await gone(ownerOf(address)))) await remove(address);
  } catch {
    // No answer came: the next page that opens the form takes it over, and nothing of it can be stored twice
  }
}

// Brings what this editor typed on this device to the site, from all pages, open or not, and wipes it here. Resolves to
// whether all of it is there.
export async function bringAll(editor) {
  const sent = (await ofEditor(editor)).map(async (kept) => {
    const isThere = await bring(kept);
    if (isThere) await remove(kept.address);
    return isThere;
  });
  return (await Promise.all(sent)).every(Boolean);
}

// Brings a text to the site as a draft. Resolves to whether it is there. Where the site has another state of the draft,
// neither is overwritten: this one becomes a draft of its own.
export async function bring({ draft, seq, state }) {
  if (!draft) return false; // kept by the release before, of an article
  try {
    const { ok, status } = await sendState(draft, { ...state, seq: seq + 1 });
    if (ok || ![404, 409].includes(status)) return ok;
    const truth = await truthOf(draft);
    if (truth?.state === "published" || (truth && isSame(truth, state))) return true;
    return (await sendState(newId(), { ...state, seq: 1 })).ok;
  } catch {
    return false;
  }
}

const isSame = (draft, { update, article, ...content }) => Object.entries(content).every(([name, value]) => draft[name] === value);

// Wipes it without that.
export async function wipe(editor) {
  await Promise.allSettled((await ofEditor(editor)).map(({ address }) => remove(address)));
}

function recordOf(form) {
  const { draft_id: draft, revision } = form.elements, { seq, order } = form.dataset;
  const record = { revision: revision?.value, typed: typedIn(form), at: Date.now() };
  return draft ? { ...record, draft: draft.value, seq: Number(seq), state: stateOf(form), unanswered: unansweredOf(form), order } : record;
}

async function take(kept, form) {
  // Another page may have taken it, and the editor may have begun to write.
  const there = (await everything()).some(({ address }) => address === kept.address);
  if (!there || dirty(form)) return false;
  fill(form, kept.typed);
  if (kept.draft && form.elements.draft_id) {
    form.elements.draft_id.value = kept.draft;
    form.dataset.seq = kept.seq;
    if (kept.order) form.dataset.order = kept.order;
  }
  if (kept.revision && form.elements.revision) form.elements.revision.value = kept.revision;
  if (kept.draft) noteUnanswered(form, ...(kept.unanswered ?? []), JSON.stringify(stateOf(form)));
  keep(form);
  remove(kept.address);
  form.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

// What pages that may be gone have kept of that form: this tab's first, then the latest. Where the page's address names
// the draft that is open, other drafts stay where they are.
async function left(form) {
  const mine = addressOf(form), beginning = mine.slice(0, -owner.length), id = form.elements.draft_id?.value;
  const named = id && id === new URLSearchParams(location.search).get("draft");
  const first = ({ address, at }) => (ownerOf(address) === before ? Infinity : at);
  return (await everything())
    .filter(({ address, draft, typed }) => address.startsWith(beginning) && address !== mine && typed && (!named || draft === id))
    .sort((a, b) => first(b) - first(a));
}

const ofEditor = async (editor) => (await everything()).filter(({ address }) => address.startsWith(`kept/${editor} `));

async function everything() {
  const older = inLocalStorage();
  return older.concat(await read((stores) => stores.objectStore("kept").getAll()).catch(() => []));
}

// The release before kept it in localStorage, at the same addresses.
function inLocalStorage() {
  try {
    const addresses = Object.keys(localStorage).filter((each) => each.startsWith("kept/"));
    return addresses.map((address) => ({ ...JSON.parse(localStorage.getItem(address)), address }));
  } catch {
    return [];
  }
}

// Whether that page is gone. What this tab's own page before left is taken at once; any other's may be wanted by the
// page that just takes its place, so that goes first.
async function gone(page) {
  try {
    await navigator.locks?.request(lockOf(page), { signal: AbortSignal.timeout(page === before ? LEAVING : PASSING) }, () => {});
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

const put = (address, kept) => write(address, (stores) => stores.objectStore("kept").put({ ...kept, address }));

async function remove(address) {
  try {
    // Together with what is written in the same task, such as the text that another page left and this one took
    await write(address, (stores) => stores.objectStore("kept").delete(address));
    localStorage.removeItem(address);
  } catch {
    // Then nothing could be kept either
  }
}

function inSession(name) {
  try { return sessionStorage.getItem(name); } catch { return null; }
}

function setInSession(name, value) {
  try { value ? sessionStorage.setItem(name, value) : sessionStorage.removeItem(name); } catch { /* forbidden */ }
}
