// The desk as an application: starts its service worker, and says so on a page that the worker shows as a copy.

import { timeOfDay } from "../times.js";
import { words } from "../words.js";
import { isSignIn } from "./answers.js";
import { copiedAt } from "./copies.js";
import { warn } from "./messages.js";
import { loadAnew } from "./reloads.js";

const ADDRESS = "/desk/worker.js";
// ms between two questions whether there is a network again
const ASK = 10_000;
// ms for the answer, shorter than the worker's patience: the page that is loaded then is no copy
const ANSWER = 2_000;

// Browsers with Trusted Types take no plain text for the address of a script.
const policy = globalThis.trustedTypes?.createPolicy("liveline-worker", { createScriptURL: () => ADDRESS });

// After loading, which it would slow down. Where browsers allow none, as without a secure context, there is none.
addEventListener("load", () => {
  navigator.serviceWorker?.register(policy?.createScriptURL("") ?? ADDRESS, { updateViaCache: "none" }).catch(() => {});
});

if (copiedAt) {
  tell("offline");
  addEventListener("online", ask);
  setTimeout(ask, ASK);
}

function tell(name) {
  const line = document.querySelector(".of-copy");
  line.textContent = words(line, name, { time: timeOfDay(Date.parse(copiedAt)) });
}

async function ask() {
  try {
    const answer = await fetch(location, { method: "HEAD", signal: AbortSignal.timeout(ANSWER) });
    if (isSignIn(answer)) return warn("signedOut");
    tell("as-of");
    return loadAnew();
  } catch {
    setTimeout(ask, ASK);
  }
}
