// Sends forms and fetches pages of the desk.

import { trusted } from "../words.js";
import { warn } from "./messages.js";

// ms for an answer, and between two questions what became of a text that had none
const PATIENCE = 10_000;
const ASK_AGAIN = 5_000;
const JSON_TYPE = "application/json";

export const request = (address, options) => fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) });
export const isSignIn = (answer) => answer.url.includes("/desk/sign-in");
export const pageIn = async (answer) => new DOMParser().parseFromString(trusted(await answer.text()), "text/html");

// Answers overtake each other. To be called when something is asked for that is to be shown at that place; what it gives
// says, once the answer is there, whether to show it: not if the answer to a later question is shown already.
const turns = new WeakMap();
export function turnAt(place) {
  const all = turns.get(place) ?? { asked: 0, shown: 0 }, mine = ++all.asked;
  turns.set(place, all);
  return () => mine > all.shown && !!(all.shown = mine);
}

// Sends JSON. Rejects where the answer is a page: a network in which one has to sign in first puts its own in place of the
// site's, and has stored nothing.
export async function sendJson(method, address, content, options) {
  const headers = { "Content-Type": JSON_TYPE };
  const answer = await request(address, { ...options, method, headers, body: JSON.stringify(content) });
  if (answer.ok && !answer.headers.get("Content-Type")?.startsWith(JSON_TYPE)) throw answer;
  return answer;
}

// Whether that page says that something was done, which no page of another site does.
export const saysDone = (page) => !!page.querySelector(".done[data-deed]");

// Sends a form as the browser would, and gives the page that comes back. Null when that warns nothing about the form:
// then the reason is shown, and the form stays as it is.
export async function send(form, button) {
  button?.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form, button));
    return await read(await request(form.action, { method: "POST", body }));
  } catch {
    return warn("unreachable");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

async function read(answer) {
  const page = await pageIn(answer);
  if (isSignIn(answer)) return warn("signedOut");
  if (answer.ok && !saysDone(page)) return warn("unreachable");
  const back = answer.status === 410 && page.querySelector("form.edit");
  if (answer.ok || back || answer.status === 409 || answer.status === 422) return warn(null) ?? { ok: answer.ok, page };
  return warn("refused", page.querySelector("main h1")?.textContent);
}

// What the site knows of a draft; null if nothing. Rejects where it does not answer, or nobody is signed in.
export async function truthOf(draft) {
  const answer = await request(`/desk/drafts/${draft}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw answer;
  return answer.json();
}

// No answer came, and the text of the form may be published all the same. Asks the site until it says, or the editor tries
// again.
export async function askFor(form, attempt) {
  form.sent = null;
  while (form.attempt === attempt && form.isConnected) {
    try {
      return await whatBecameOf(form);
    } catch (error) {
      if (error.status === 401) return warn("signedOut");
      await new Promise((next) => setTimeout(next, ASK_AGAIN));
    }
  }
}

async function whatBecameOf({ dataset: { feed, edits }, elements }) {
  const truth = await truthOf(elements.draft_id.value);
  if (truth?.state !== "published") return warn("unpublished");
  const did = edits ? "edited" : "published", update = edits ?? truth.published.update;
  return read(await request(`/desk/feeds/${feed}?did=${did}&update=${update}`));
}
