// The desk: the same plain forms, sent in place, with a word of what became of them. What is typed is kept on this
// device until the site has taken it (kept.js).

import "../feed.js";
import { trusted } from "../words.js";
import { arrived, dirty, forget, keep, restore, sending, texts } from "./kept.js";

// ms for an answer, and between two questions what became of a text that had none
const PATIENCE = 15_000;
const ASK_AGAIN = 5_000;

const IN_PLACE = ["composer", "edit", "retraction", "marks"];
const done = document.querySelector(".done");
const trouble = document.querySelector(".trouble");
const feed = () => document.querySelector("live-feed");
const list = () => document.querySelector(".desk .updates");

// The update that is to be in view as soon as it is there, and whether the page is to be loaded anew when nobody types.
let wanted, outdated = false;

addEventListener("submit", (event) => {
  const form = event.target;
  const kind = IN_PLACE.find((name) => form.classList.contains(name));
  // Outside a feed (a form on its own page) the plain form is right as it is.
  if (!kind || !list()) return sending(form);
  event.preventDefault();
  if (form.sent) {
    // A second press of the button does nothing; new words have to wait for the first.
    if (contents(form) !== form.sent) report(trouble.dataset.busy);
    return;
  }
  submit(form, kind, event.submitter);
});

async function submit(form, kind, button) {
  const before = texts(form).map(({ name, value }) => [name, value]);
  const attempt = form.attempt = {};
  form.sent = contents(form);
  say(null);
  if (kind !== "marks") report(trouble.dataset.sending);
  let answer = await send(form, button);
  if (!answer && kind === "composer" && trouble.dataset.shown === "unreachable") answer = await askFor(form, attempt);
  // Sent once more meanwhile: the later attempt has the word.
  if (form.attempt !== attempt) return;
  form.sent = null;
  if (!answer) return report("");
  const next = answer.page.querySelector(`form.${kind}`);
  report(answer.ok ? answer.page.querySelector(".done") : "");
  if (kind === "composer") {
    if (answer.ok) forget(form);
    const focused = form.contains(document.activeElement);
    carryOver(form, before, next);
    form.replaceWith(next);
    keep(next);
    if (focused || answer.ok) next.elements.body.focus({ preventScroll: true });
    if (!answer.ok) (next.querySelector("[aria-invalid]") ?? next.elements.body).focus();
  } else if (!answer.ok && next) {
    form.replaceWith(next);
    keep(next);
    next.querySelector("[aria-invalid], textarea, input:not([type=hidden])").focus();
  } else {
    const tools = form.closest(".update-tools");
    forget(form);
    if (kind !== "marks") form.remove();
    tools.querySelector("a.edit").focus({ preventScroll: true });
  }
  if (answer.ok) show(answer.page);
  freshen();
}

// Sends a form as the browser would, and gives the page that comes back. Null when that says nothing about the form:
// then the reason is shown, and the form stays as it is.
async function send(form, button) {
  button?.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams(new FormData(form, button));
    return await read(await fetch(form.action, { method: "POST", body, signal: AbortSignal.timeout(PATIENCE) }));
  } catch {
    return say("unreachable");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

async function read(answer) {
  const page = new DOMParser().parseFromString(trusted(await answer.text()), "text/html");
  if (answer.url.includes("/desk/sign-in")) return say("signedOut");
  if (answer.ok || answer.status === 409 || answer.status === 422) return say(null) ?? { ok: answer.ok, page };
  return say("refused", page.querySelector("main h1")?.textContent);
}

// No answer came: the text may be published all the same. The site is asked until it knows, or the editor tries again.
async function askFor(form, attempt) {
  report("");
  form.sent = null;
  const address = form.action.replace(/updates$/, `published/${encodeURIComponent(form.elements.idempotency_key.value)}`);
  while (form.attempt === attempt && form.isConnected) {
    try {
      const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
      return answer.status === 204 ? say("unpublished") : await read(answer);
    } catch {
      await new Promise((next) => setTimeout(next, ASK_AGAIN));
    }
  }
}

function say(name, words) {
  if (trouble) {
    trouble.hidden = !name;
    trouble.dataset.shown = name ?? "";
    trouble.textContent = words ?? (name ? trouble.dataset[name] : "");
  }
  return null;
}

// The word of what happened: as the page that came back has it, or a text of ours.
function report(words) {
  if (words?.childNodes) done.replaceChildren(...words.childNodes);
  else done.textContent = words;
}

const contents = (form) => JSON.stringify(texts(form).map(({ value }) => value));

// What was typed while the answer was on its way belongs to the next update.
function carryOver(form, sent, next) {
  for (const [name, before] of sent) {
    const now = form.elements[name].value;
    if (now !== before) next.elements[name].value = now.startsWith(before) ? now.slice(before.length).trimStart() : now;
  }
}

// What was done is in view. Nobody pushes a draft's feed, so its list is that of the page that came back.
function show(page) {
  if (feed().hasAttribute("still")) {
    feed().replaceWith(page.querySelector("live-feed"));
    watch();
  }
  wanted = page.querySelector(".done")?.dataset.update;
  reveal();
}

function reveal() {
  const update = wanted && document.getElementById(wanted);
  if (!update) return;
  wanted = null;
  update.scrollIntoView({ block: "nearest" });
}

// A page that has to be loaded anew waits for who is writing.
const Feed = customElements.get("live-feed").prototype;
const { reload } = Feed;
Feed.reload = function () {
  if (!writing()) return reload.call(this);
  outdated = true;
  say("outdated");
};

// The server closes the socket of a session that ends: whoever writes learns it before sending. Where it cannot be
// asked just then, it is asked when the page is live again.
const { show: shown } = Feed;
let unsure = false;
Feed.show = function (state) {
  shown.call(this, state);
  unsure ||= state === "offline";
  if (unsure && state !== "catching-up") stillSignedIn();
};

async function stillSignedIn() {
  try {
    const { type } = await fetch("/desk/", { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
    unsure = false;
    if (type === "opaqueredirect") say("signedOut");
    else if (trouble.dataset.shown === "signedOut") say(null);
  } catch {
    // Offline: the next state asks again
  }
}

const written = () => [...document.querySelectorAll("form[data-keep]")].some(dirty);
const writing = () => document.activeElement?.matches("input[type=text], textarea") || written();

function freshen() {
  if (outdated && !written()) location.reload();
}

// Edit and retract open their form below the update, and cancel closes it.
addEventListener("click", async (event) => {
  const link = event.target.closest("a.edit, a.retract, a.cancel");
  if (!link || event.ctrlKey || event.metaKey) return;
  if (link.classList.contains("cancel") && !mayDiscard(link.closest("form"))) return event.preventDefault();
  if (!list()) return;
  event.preventDefault();
  const tools = link.closest(".update-tools");
  if (link.classList.contains("cancel")) return close(tools);
  const standing = tools.querySelector(".workbench form");
  if (standing && !mayDiscard(standing)) return;
  try {
    const answer = await fetch(link.href, { signal: AbortSignal.timeout(PATIENCE) });
    const page = new DOMParser().parseFromString(trusted(await answer.text()), "text/html");
    const form = page.querySelector("form.edit, form.retraction");
    if (!form) return say(answer.url.includes("/desk/sign-in") ? "signedOut" : "refused");
    tools.querySelector(".workbench").replaceChildren(form);
    await restore(form);
    (form.elements.body ?? form.elements.reason).focus();
  } catch {
    say("unreachable");
  }
});

// Asks before words are lost.
function mayDiscard(form) {
  if (dirty(form) && !confirm(trouble.dataset.discard)) return false;
  forget(form);
  return true;
}

function close(tools) {
  tools.querySelector(".workbench").replaceChildren();
  tools.querySelector("a.edit").focus();
  freshen();
}

// The second click of a double click finds the button that undoes the first.
addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest(".marks button")) event.preventDefault();
});

addEventListener("keydown", (event) => {
  const form = event.target.form;
  if (event.key !== "Enter" || event.isComposing || !form) return;
  const button = form.querySelector("button.primary, button.danger");
  if (event.ctrlKey || event.metaKey) {
    if (!button) return;
    event.preventDefault();
    form.requestSubmit(button);
  } else if (event.target.matches("input[type=text]") && form.matches(".composer, .edit, .article-form, .retraction")) {
    // Nothing is sent by Enter alone: it leads on to the next field.
    event.preventDefault();
    const fields = [...form.querySelectorAll("input:not([type=hidden]), select, textarea, button")];
    fields[fields.indexOf(event.target) + 1]?.focus();
  }
});

// Every update has its tools below it, also one that was pushed just now. Tools of an update that is gone go too,
// unless an editor is writing in them.
function tend() {
  const blank = document.getElementById("update-tools")?.content.firstElementChild;
  if (!blank) return;
  for (const update of list().querySelectorAll("li.update")) {
    if (update.nextElementSibling?.dataset.for === update.id) continue;
    const tools = list().querySelector(`[data-for="${update.id}"]`) ?? blank.cloneNode(true);
    const id = update.id.split("-")[1];
    tools.dataset.for = update.id;
    for (const link of tools.querySelectorAll("a[href]")) link.setAttribute("href", link.getAttribute("href").replace("/0", `/${id}`));
    for (const form of tools.querySelectorAll(".marks")) form.setAttribute("action", `/desk/updates/${id}/marks`);
    update.after(tools);
  }
  for (const tools of list().querySelectorAll(".update-tools")) {
    if (!list().querySelector(`#${tools.dataset.for}.update`) && !tools.querySelector("form.edit")) tools.remove();
  }
  reveal();
}

function watch() {
  new MutationObserver(tend).observe(list(), { childList: true });
  tend();
}

if (list()) watch();
arrived(!!done?.dataset.deed, [...document.querySelectorAll("form[data-keep]")]);
addEventListener("input", ({ target }) => target.form && keep(target.form));
