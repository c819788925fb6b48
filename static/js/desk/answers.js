// Sends forms and fetches pages of the desk.

import { trusted } from "../words.js";
import { report, warn } from "./messages.js";

// ms for an answer, and between two questions what became of a text that had none
const PATIENCE = 15_000;
const ASK_AGAIN = 5_000;

export const request = (address, options) => fetch(address, { ...options, signal: AbortSignal.timeout(PATIENCE) });
export const sendJson = (method, address, content, options) =>
  request(address, { ...options, method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) });
export const isSignIn = (answer) => answer.url.includes("/desk/sign-in");
export const pageIn = async (answer) => new DOMParser().parseFromString(trusted(await answer.text()), "text/html");

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
  const back = answer.status === 410 && page.querySelector("form.edit");
  if (answer.ok || back || answer.status === 409 || answer.status === 422) return warn(null) ?? { ok: answer.ok, page };
  return warn("refused", page.querySelector("main h1")?.textContent);
}

// No answer came, and the text may be published all the same. Asks the site until it says, or the editor tries again.
export async function askFor(form, attempt) {
  report("");
  form.sent = null;
  const address = form.action.replace(/updates$/, `published/${encodeURIComponent(form.elements.draft_id.value)}`);
  while (form.attempt === attempt && form.isConnected) {
    try {
      const answer = await request(address);
      return answer.status === 204 ? warn("unpublished") : await read(answer);
    } catch {
      await new Promise((next) => setTimeout(next, ASK_AGAIN));
    }
  }
}
