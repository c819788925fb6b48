// Passkeys: asks the site for a question and the device for the answer, and sends that as a plain form. The question is
// for one answer of this browser, within five minutes.

const REFUSALS = { NotAllowedError: "cancelled", InvalidStateError: "known" };

for (const form of document.querySelectorAll("form.passkey")) begin(form);

function begin(form) {
  const { host } = form.dataset;
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return say(form, "unable");
  if (location.hostname !== host) return say(form, "elsewhere");
  form.querySelector("button").disabled = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(form).catch((error) => say(form, REFUSALS[error.name] ?? "failed"));
  });
}

async function answer(form) {
  form.querySelector(".reason").hidden = true;
  const asked = await fetch(form.dataset.question, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  // The desk wants to know first that it is its editor
  if (asked.redirected) return location.assign(asked.url);
  if (!asked.ok) throw asked;
  const question = await asked.json();
  const credential = await ("make" in form.dataset ? make(question) : sign(question));
  form.elements.credential.value = JSON.stringify(credential);
  form.submit();
}

const make = (question) => navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(question),
});

const sign = (question) => navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(question),
});

function say(form, why) {
  const reason = form.querySelector(".reason");
  reason.textContent = form.dataset[why];
  reason.hidden = false;
}
