// The list of the texts that wait to be published, below the composer; on other pages of the desk, a link says how many
// there are.

import { words } from "../../words.js";
import { composer } from "../writing/composer.js";
import { sayQueue } from "../drafts/draft_state.js";
import { sendState } from "../drafts/drafts.js";
import { isGone, owner } from "../drafts/kept.js";
import { message, report, warn, warns } from "../messages.js";
import { pageEditor, setText } from "../page.js";
import { putEntry, removeEntry, waitingIn, waitingOf } from "./outbox.js";
import { takeBack } from "./publish.js";
import { alone, isPublished, phaseOf, sendLate, wake, wasTried } from "./sender.js";

const LONGEST = 160; // characters of a text in the list
const FRESH = 1_500; // ms in which a text that is alone is on its way, in this tab or another, and not said to wait
const WHERE_NEEDED = ["held", "late", "signedOut", "otherEditor"];

const section = document.querySelector(".outbox");
let latest = 0, shown = [];

// Draws the list as it is now.
async function draw() {
  const number = ++latest, all = await waitingOf(pageEditor());
  if (number !== latest) return;
  const form = composer();
  link(all.filter(({ feed }) => feed !== form?.dataset.feed));
  if (!form || !section) return;
  const { feed } = form.dataset, mine = all.filter((each) => each.feed === feed);
  // Another tab may have sent what this one could not
  const phase = mine.length ? phaseOf(feed) : null;
  shown = mine.filter(({ order }) => String(order) !== form.dataset.order);
  const [first] = shown, count = shown.filter(({ taken }) => !taken).length;
  const isMine = mine.length > shown.length && String(mine[0].order) === form.dataset.order;
  const why = isMine ? "mine" : first?.refused || first?.taken ? "held" : phase;
  const needs = !!first && WHERE_NEEDED.includes(why), goes = !needs && shown.length === 1 && isOnItsWay(first, phase);
  const isUnderWay = phase === "sending" || phase === "checking";
  sayQueue(form, needs ? "needs" : isUnderWay ? phase : count && !goes ? "queued" : "", { count });
  const listed = goes ? [] : shown;
  section.hidden = !listed.length;
  if (why === "signedOut") warn(why);
  else if (warns("signedOut") && (phase || !first)) warn(null);
  setText(section.querySelector(".why"), needs || isMine ? section.dataset[why] : "");
  section.querySelector(".send-late").hidden = why !== "late";
  lay(section.querySelector("ol"), listed);
}

// Whether a text that is alone is being sent as usual: then the line says all there is to say.
function isOnItsWay(entry, phase) {
  if (phase === "sending" || phase === "checking") return true;
  const left = FRESH - (Date.now() - entry.at);
  if (!navigator.onLine || wasTried(entry) || entry.taken || left < 0) return false;
  setTimeout(draw, left + 1);
  return true;
}

function lay(list, entries) {
  const items = new Map([...list.children].map((item) => [item.dataset.draft, item]));
  const next = entries.map((entry) => {
    const item = items.get(entry.draft) ?? section.querySelector("template").content.firstElementChild.cloneNode(true);
    item.dataset.draft = entry.draft;
    const { headline, body } = entry.state, text = [headline, body].filter(Boolean).join(": ");
    setText(item.querySelector(".queued-text"), text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
    setText(item.querySelector(".queued-reason"), entry.refused && !entry.taken ? entry.refused : "");
    setText(item.querySelector(".label"), entry.taken ? section.dataset.taken : entry.sent && !entry.refused ? section.dataset.unconfirmed : "");
    return item;
  });
  if (next.some((item, place) => list.children[place] !== item) || next.length !== list.children.length) list.replaceChildren(...next);
}

function link(others) {
  const element = document.querySelector(".queued-elsewhere");
  if (!element) return;
  element.hidden = !others.length;
  if (!others.length) return;
  element.href = `/desk/feeds/${others[0].feed}`;
  const needs = others.some(({ feed, refused }) => refused || WHERE_NEEDED.includes(phaseOf(feed)));
  setText(element, words(element, needs ? "needs" : "queued", { count: others.length }));
}

// Does that with a text which no tab is sending, unless it turns out to be published.
async function withEntry({ draft, feed }, work) {
  await alone(feed, async () => {
    const entry = (await waitingIn(pageEditor(), feed)).find((each) => each.draft === draft);
    if (!entry || (entry.sent && !entry.refused && (await isPublished(entry).catch(() => false)))) return;
    await work(entry);
  });
  wake();
}

async function bringBack(entry) {
  if (entry.taken && entry.taken !== owner && !(await isGone(entry.taken))) return warn("elsewhere");
  await takeBack(entry).catch(() => warn("full"));
}

async function discardEntry(entry) {
  await removeEntry(entry);
  const { draft, state, seq } = entry;
  // So that it can be had back for a week
  sendState(draft, { ...state, seq: seq + 1, discarded: true }).catch(() => {});
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link", textContent: message("undo") });
  button.onclick = async () => {
    await putEntry({ ...entry, seq: seq + 1, taken: undefined });
    report("");
    wake();
  };
  report(message("discarded"), button);
}

section?.addEventListener("click", async ({ target }) => {
  const draft = target.closest("li")?.dataset.draft, entry = shown.find((each) => each.draft === draft);
  if (target.matches(".send-late")) return sendLate(composer().dataset.feed);
  if (!entry || !target.matches("button")) return;
  target.ariaBusy = "true";
  await withEntry(entry, target.matches(".take-back") ? bringBack : discardEntry);
  target.ariaBusy = null;
});

// A text of the composer that is discarded gives its place up.
document.addEventListener("discarded", async ({ detail: form }) => {
  const { order, feed } = form.dataset;
  const entry = order && (await waitingIn(pageEditor(), feed)).find((each) => String(each.order) === order);
  if (entry) await removeEntry(entry);
  wake();
});

document.addEventListener("outbox", draw);
if (pageEditor()) draw();
