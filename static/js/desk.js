// The desk: the same plain forms, sent in place. What is typed is kept on this device until the site has taken it.

import { LiveFeed } from "./feed.js";

customElements.define("live-feed", LiveFeed);

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
  const answer = await send(form, event.submitter);
  form.sending = false;
  if (!answer) return;
  const next = answer.page.querySelector(`form.${kind}`);
  if (kind === "composer") {
    if (answer.ok) forget(form);
    form.replaceWith(next);
    next.elements.body.focus();
  } else if (kind !== "marks") {
    if (answer.ok) form.closest(".update-tools").querySelector("a.edit").focus();
    if (answer.ok) form.remove();
    else form.replaceWith(next);
  }
});

// Edit and retract open their form below the update.
list?.addEventListener("click", async (event) => {
  const link = event.target.closest("a.edit, a.retract, a.cancel");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const bench = link.closest(".update-tools").querySelector(".workbench");
  if (link.classList.contains("cancel")) return bench.replaceChildren();
  try {
    const answer = await fetch(link.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const form = page.querySelector("form.edit, form.retraction");
    if (!form) return say(answer.url.includes("/desk/sign-in") ? "signedOut" : "refused");
    bench.replaceChildren(form);
    (form.elements.body ?? form.elements.reason).focus();
  } catch {
    say("unreachable");
  }
});

addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.form) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// Every update has its tools below it, also one that was pushed just now. Tools of an update that is gone go too,
// unless an editor is writing in them.
function tend() {
  const blank = document.getElementById("update-tools").content.firstElementChild;
  for (const update of list.querySelectorAll("li[data-at]")) {
    if (update.nextElementSibling?.dataset.for === update.id) continue;
    const tools = list.querySelector(`[data-for="${update.id}"]`) ?? blank.cloneNode(true);
    const id = update.id.split("-")[1];
    tools.dataset.for = update.id;
    for (const link of tools.querySelectorAll("a[href]")) link.setAttribute("href", link.getAttribute("href").replace("/0", `/${id}`));
    for (const form of tools.querySelectorAll(".marks")) form.setAttribute("action", `/desk/updates/${id}/marks`);
    update.after(tools);
  }
  for (const tools of list.querySelectorAll(".update-tools")) {
    if (!document.getElementById(tools.dataset.for) && !tools.querySelector("form.edit")) tools.remove();
  }
}

if (list) {
  new MutationObserver(tend).observe(list, { childList: true });
  tend();
}

// What is typed in a form with `data-keep` survives a crash, a closed tab, and a session that ran out.
function keep(form) {
  const texts = [...form.querySelectorAll("input[type=text], textarea")].map(({ name, value }) => [name, value]);
  const store = texts.some(([, value]) => value.trim());
  try {
    if (store) localStorage.setItem(form.dataset.keep, JSON.stringify(texts));
    else localStorage.removeItem(form.dataset.keep);
  } catch { /* storage is full or forbidden: the text is still in the form */ }
}

function forget(form) {
  try { localStorage.removeItem(form.dataset.keep); } catch { /* nothing was kept */ }
}

function restore(form) {
  try {
    for (const [name, value] of JSON.parse(localStorage.getItem(form.dataset.keep) ?? "[]")) {
      if (!form.elements[name].value) form.elements[name].value = value;
    }
  } catch { /* what was kept is unreadable: begin with an empty form */ }
}

document.querySelectorAll("form.composer[data-keep]").forEach(restore);
addEventListener("input", (event) => event.target.form?.matches(".composer[data-keep]") && keep(event.target.form));
