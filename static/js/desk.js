// The desk: the same plain forms, sent in place. What is typed is kept on this device until the site has taken it.

import "./feed.js";

const list = document.querySelector(".updates");
const trouble = document.querySelector(".trouble");

// Sends a form as the browser would, and gives the page that comes back. Null when that says nothing about the form:
// then the reason is shown, and the form stays as it is.
async function send(form, button) {
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.url.includes("/desk/sign-in")) return say("signedOut");
    if (answer.ok || answer.status === 409 || answer.status === 422) return say(null) ?? { ok: answer.ok, page };
    return say("refused", page.querySelector("main h1")?.textContent);
  } catch {
    return say("unreachable");
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

function say(name, words) {
  if (trouble) {
    trouble.hidden = !name;
    trouble.textContent = words ?? (name ? trouble.dataset[name] : "");
  }
  return null;
}

addEventListener("submit", async (event) => {
  const form = event.target;
  const kind = ["composer", "edit", "retraction", "marks"].find((name) => form.classList.contains(name));
  // Outside a feed (a form on its own page) the plain form is right as it is.
  if (!kind || !list) return;
  event.preventDefault();
  if (form.sending) return; // a second click while the first is on its way
  form.sending = true;
  const sent = texts(form);
  const answer = await send(form, event.submitter);
  form.sending = false;
  if (!answer) return;
  const next = answer.page.querySelector(`form.${kind}`);
  const tools = form.closest(".update-tools");
  if (kind === "composer") {
    if (answer.ok) forget(form);
    carryOver(form, sent, next);
    form.replaceWith(next);
    next.elements.body.focus();
    keep(next);
    if (answer.ok && document.querySelector("live-feed[still]")) location.reload();
  } else if (!answer.ok && next) {
    form.replaceWith(next);
    next.querySelector("[aria-invalid], textarea, input:not([type=hidden])").focus();
  } else {
    if (kind !== "marks") form.remove();
    if (kind === "edit") forget(form);
    tools.querySelector("a.edit").focus();
  }
});

// What was typed while the answer was on its way belongs to the next update.
function carryOver(form, sent, next) {
  for (const [name, before] of sent) {
    const now = form.elements[name].value;
    if (now !== before) next.elements[name].value = now.startsWith(before) ? now.slice(before.length).trimStart() : now;
  }
}

// Edit and retract open their form below the update.
list?.addEventListener("click", async (event) => {
  const link = event.target.closest("a.edit, a.retract, a.cancel");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const tools = link.closest(".update-tools");
  if (link.classList.contains("cancel")) return closeBench(tools);
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("form.edit, form.retraction");
    if (!form) return say(answer.url.includes("/desk/sign-in") ? "signedOut" : "refused");
    tools.querySelector(".workbench").replaceChildren(form);
    if (form.dataset.keep) restore(form);
    (form.elements.body ?? form.elements.reason).focus();
  } catch {
    say("unreachable");
  }
});

function closeBench(tools) {
  const form = tools.querySelector(".workbench form");
  if (form?.dataset.keep) forget(form);
  tools.querySelector(".workbench").replaceChildren();
  tools.querySelector("a.edit").focus();
}

addEventListener("keydown", (event) => {
  const button = event.target.form?.querySelector("button.primary, button.danger");
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && button) {
    event.preventDefault();
    event.target.form.requestSubmit(button);
  }
});

// Every update has its tools below it, also one that was pushed just now. Tools of an update that is gone go too,
// unless an editor is writing in them.
function tend() {
  const blank = document.getElementById("update-tools").content.firstElementChild;
  for (const update of list.querySelectorAll("li.update")) {
    if (update.nextElementSibling?.dataset.for === update.id) continue;
    const tools = list.querySelector(`[data-for="${update.id}"]`) ?? blank.cloneNode(true);
    const id = update.id.split("-")[1];
    tools.dataset.for = update.id;
    for (const link of tools.querySelectorAll("a[href]")) link.setAttribute("href", link.getAttribute("href").replace("/0", `/${id}`));
    for (const form of tools.querySelectorAll(".marks")) form.setAttribute("action", `/desk/updates/${id}/marks`);
    update.after(tools);
  }
  for (const tools of list.querySelectorAll(".update-tools")) {
    if (!list.querySelector(`#${tools.dataset.for}.update`) && !tools.querySelector("form.edit")) tools.remove();
  }
}

if (list) {
  new MutationObserver(tend).observe(list, { childList: true });
  tend();
}

// What is typed in a form with `data-keep` survives a crash, a closed tab, and a session that ran out. It is kept with
// the revision it was written on: once another was saved, it is no longer offered.
function texts(form) {
  return [...form.querySelectorAll("input[type=text], textarea")].map(({ name, value }) => [name, value]);
}

function keep(form) {
  const typed = texts(form);
  try {
    if (!typed.some(([, value]) => value.trim())) return forget(form);
    localStorage.setItem(form.dataset.keep, JSON.stringify({ revision: form.elements.revision?.value, typed }));
  } catch { /* storage is full or forbidden: the text is still in the form */ }
}

function forget(form) {
  try { localStorage.removeItem(form.dataset.keep); } catch { /* nothing was kept */ }
}

function restore(form) {
  try {
    const kept = JSON.parse(localStorage.getItem(form.dataset.keep));
    if (!kept) return;
    if (kept.revision !== form.elements.revision?.value) return forget(form);
    for (const [name, value] of kept.typed) form.elements[name].value = value;
  } catch { /* what was kept is unreadable: the form stays as it is */ }
}

// A new article is kept until there is a page to edit it.
if (document.querySelector("form.article-form [name=revision]")) forget({ dataset: { keep: "article " } });
// A form that came back with reasons or a conflict holds what was typed already.
document.querySelectorAll("form[data-keep]:not(:has([aria-invalid], .conflict))").forEach(restore);
addEventListener("input", (event) => event.target.form?.dataset.keep && keep(event.target.form));
