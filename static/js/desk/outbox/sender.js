// Sends the texts that wait (outbox.js): those of a feed one after the other, by one tab alone. A text goes only when the
// one before it is published: nothing overtakes, however often the network goes and comes. Where no answer came, the
// site is asked for the truth, and the text is sent again, which publishes nothing twice.

import { saysDone, isSignIn, pageIn, request, truthOf } from "../answers.js";
import { pageEditor } from "../page.js";
import { announce, putEntry, removeEntry, tellOthers, waitingIn, waitingOf } from "./outbox.js";

// ms after which a text is not sent before its editor was asked: the news may have gone on
const ASK_AFTER = 600_000;
// ms until it is tried again: at first, and at most
const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;
// ms to wait for another tab that sends: the browser may have stopped one that lies in the background
const OTHER_TAB = 25_000;
// Answers after which the same text may be taken a moment later: too slow, too many, and all from 500 on
const LATER = [408, 429];
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

// By feed: what is under way ("sending", "checking"), or what its editor has to do ("late", "signedOut", "otherEditor")
const phases = new Map();
const turns = new Map(), asked = new Map();
// Texts that are published, and could not be taken out of the outbox
const delivered = new Set();
// Texts that this tab has tried to send: nobody is told of each further try
const tried = new Set();
let pause = FIRST_PAUSE, timer;

export const phaseOf = (feed) => phases.get(feed);
export const wasTried = ({ draft, at }) => tried.has(`${draft} ${at}`);

// Sends whatever waits and may be sent.
export async function wake() {
  clearTimeout(timer);
  const feeds = new Set((await waitingOf(pageEditor())).map(({ feed }) => feed));
  const left = await Promise.all([...feeds].map(sendFeed));
  clearTimeout(timer);
  if (!left.some(Boolean)) return void (pause = FIRST_PAUSE);
  timer = setTimeout(wake, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

// Does that while no text of the feed is being sent, by this tab or another.
export function alone(feed, work) {
  const turn = (turns.get(feed) ?? Promise.resolve()).then(() => withLock(feed, work));
  turns.set(feed, turn.catch(() => {}));
  return turn;
}

// Lets the texts of that feed be sent, however long they have waited.
export async function sendLate(feed) {
  const late = await waitingIn(pageEditor(), feed);
  await Promise.all(late.map((each) => putEntry({ ...each, at: Date.now() })));
  wake();
}

// Whether the site has published that text. If so, it does not wait any more. Rejects where no answer comes.
export async function isPublished(entry) {
  const truth = await truthOf(entry.draft);
  if (truth?.state !== "published") return false;
  const { feed, update } = truth.published;
  await finish(entry, await pageIn(await request(`/desk/feeds/${feed}?did=published&update=${update}`)));
  return true;
}

async function withLock(feed, work) {
  if (!navigator.locks) return work();
  const patience = new AbortController(), end = setTimeout(() => patience.abort(), OTHER_TAB);
  let begun = false;
  try {
    return await navigator.locks.request(`liveline outbox ${pageEditor()} ${feed}`, { signal: patience.signal }, () => {
      begun = true;
      clearTimeout(end);
      return work();
    });
  } catch (error) {
    if (begun) throw error;
    // Both would send the same text first, and sending it twice does no harm
    return work();
  }
}

// Whether texts are left that are to be tried again. Who asks while another waits for its turn shares that one.
function sendFeed(feed) {
  if (!asked.has(feed)) {
    asked.set(feed, alone(feed, () => {
      asked.delete(feed);
      return pass(feed);
    }));
  }
  return asked.get(feed);
}

async function pass(feed) {
  for (;;) {
    const first = (await waitingIn(pageEditor(), feed)).find(({ draft }) => !delivered.has(draft));
    if (!first || first.taken || first.refused) return enter(feed, null);
    if (Date.now() - first.at > ASK_AFTER) return enter(feed, "late");
    if (!(await deliver(first))) return !(await isRefused(first));
  }
}

const isRefused = async ({ feed, draft }) => (await waitingIn(pageEditor(), feed)).some((each) => each.draft === draft && each.refused);

// Sends the text. Resolves to whether it is published.
async function deliver(entry) {
  const online = navigator.onLine, isNew = online && !wasTried(entry);
  tried.add(`${entry.draft} ${entry.at}`);
  enter(entry.feed, isNew ? "sending" : null);
  // From now on it may be published without this device knowing
  if (online && !entry.sent) putEntry({ ...entry, sent: true }).catch(() => {});
  let answer, page;
  try {
    answer = await request(entry.action, { method: "POST", headers: FORM, body: entry.content });
    page = await pageIn(answer);
  } catch {
    return ask(entry, isNew);
  }
  if (isSignIn(answer)) return enter(entry.feed, "signedOut");
  if (answer.headers.has("Liveline-Refused")) return enter(entry.feed, "otherEditor");
  if (answer.ok) return saysDone(page) ? finish(entry, page) : ask(entry);
  enter(entry.feed, null);
  if (answer.status >= 500 || LATER.includes(answer.status)) return false;
  return refuse(entry, page);
}

async function ask(entry, isNew) {
  if (isNew) enter(entry.feed, "checking");
  try {
    if (await isPublished(entry)) return true;
    await putEntry({ ...entry, sent: false });
  } catch {
    // It is asked again
  }
  return enter(entry.feed, null);
}

async function finish(entry, page) {
  delivered.add(entry.draft);
  pause = FIRST_PAUSE;
  await removeEntry(entry).catch(() => {});
  enter(entry.feed, null);
  const id = page.querySelector(".done")?.dataset.update, at = (id && page.querySelector(`#${id} time`)?.dateTime) || new Date().toISOString();
  document.dispatchEvent(new CustomEvent("outbox-published", { detail: { entry, page, at } }));
  tellOthers(entry.feed, at);
  return true;
}

async function refuse(entry, page) {
  const reason = page.querySelector("form.composer .reason") ?? page.querySelector("main h1");
  const refused = { ...entry, sent: true, refused: reason?.textContent ?? "" };
  const isLast = (await waitingIn(entry.editor, entry.feed)).length === 1;
  // A composer may take it back
  const detail = { entry: refused, page, isLast };
  document.dispatchEvent(new CustomEvent("outbox-refused", { detail }));
  await putEntry({ ...refused, taken: detail.takenBy }).catch(() => {});
  return false;
}

function enter(feed, phase) {
  phases.set(feed, phase);
  announce();
  return false;
}

function again() {
  pause = FIRST_PAUSE;
  wake();
}

if (pageEditor()) {
  wake();
  addEventListener("online", again);
  document.addEventListener("visibilitychange", () => document.hidden || again());
}
