// Passkeys: asks the site for a question and the device for the answer, and sends that as a plain form. The question is
// for one answer of this browser, within five minutes.
//
// On the page to sign in, a browser that can do so offers passkeys among the names that it fills in.

// ms after which a question that waits there is asked anew
const FRESH = 240_000;

const REFUSALS = { NotAllowedError: "cancelled", InvalidStateError: "known" };

// What the browser offers beside the name; it takes one request at a time
let offered = new AbortController();

for (const form of document.querySelectorAll("form.passkey")) begin(form);

function begin(form) {
  const { host } = form.dataset;
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return say(form, "unable");
  if (location.hostname !== host) return say(form, "elsewhere");
  form.querySelector("button").disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    offered.abort();
    form.querySelector(".reason").hidden = true;
    answer(form).catch((error) => {
      say(form, REFUSALS[error.name] ?? "failed");
      offer(form);
    });
  });
  offer(form);
}

async function offer(form) {
  if (!("offered" in form.dataset)) return;
  // Before the first pause, during which the button may be pressed
  const { signal } = offered = new AbortController();
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.()) || signal.aborted) return;
  const old = setTimeout(() => offered.abort("old"), FRESH);
  try {
    await answer(form, { mediation: "conditional", signal });
  } catch {
    clearTimeout(old);
    if (signal.reason !== "old") return;
    // Nobody looks at a hidden page, which would go on asking for days
    if (document.hidden) await new Promise((seen) => document.addEventListener("visibilitychange", seen, { once: true }));
    offer(form);
  }
}

async function answer(form, how = {}) {
  const body = new URLSearchParams(new FormData(form));
  const asked = await fetch(form.dataset.question, { method: "POST", body, signal: how.signal });
  // The desk wants to know first that it is its editor
  if (asked.redirected) return location.assign(asked.url);
  if (!asked.ok) throw asked;
  const question = await asked.json();
  const credential = await ("make" in form.dataset ? make(question) : sign(question, how));
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

const make = (question) => navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(question),
});

const sign = (question, how) => navigator.credentials.get({
  ...how,
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(question),
});

function say(form, why) {
  const reason = form.querySelector(".reason");
  reason.textContent = form.dataset[why];
  reason.hidden = false;
}
