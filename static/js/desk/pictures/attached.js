// The pictures that a text names, below it: a thumbnail, how far the upload is, and its words.

import { words } from "../../words.js";
import { setText } from "../page.js";
import { insert } from "../writing/insert.js";
import { cancelUpload, learnAbout, lookAgain, pictureOf, saveWords, setWords, tryAgain, uploads } from "./uploads.js";

const REFERENCE = /!\[[^\]\n]*\]\(\s*\/pictures\/([0-9a-f]{16})[^)\n]*\)/g;
const SHOWN = /<img src="\/pictures\/([0-9a-f]{16})"([^>]*)>/g;
const WORDS = ["alt", "decorative", "caption", "credit"];

const idsIn = (text) => [...new Set([...text.matchAll(REFERENCE)].map(([, id]) => id))];
const hasArrived = ({ state }) => state === "there" || state === "public";
const forms = () => [...document.querySelectorAll("form:has(.picture-files)")];

// The pictures of that form, in the order of its text.
export const attachedTo = (form) => idsIn(form.elements.body.value).map(pictureOf).filter(Boolean);
export const cardOf = (form, id) => form.querySelector(`.attached-picture[data-picture="${id}"]`);

// The fields for the words of that picture.
export function fieldsOf(form, id) {
  const fields = cardOf(form, id).querySelectorAll("[data-word]");
  return Object.fromEntries([...fields].map((field) => [field.dataset.word, field]));
}

// Says something below the pictures: the sentence of that name, or nothing.
export function sayBelow(form, name, values) {
  const below = name ? listOf(form) : form.querySelector(".attached");
  if (below) setText(below.querySelector(".waits"), name ? words(below, name, values) : "");
}

// The text without pictures that the site does not have yet: it would refuse to show it.
export function shownText(text) {
  return text.replace(REFERENCE, (reference, id) => (pictureOf(id) && !hasArrived(pictureOf(id)) ? "" : reference));
}

// The HTML of the preview, with the pictures that only the editor may see from where this page has them.
export function dressed(html) {
  return html.replace(SHOWN, (tag, id, rest) => {
    const { state, url } = pictureOf(id) ?? {};
    return state === "there" && url ? `<img src="${url}"${rest.replace(/ (?:srcset|sizes)="[^"]*"/g, "")}>` : tag;
  });
}

function listOf(form) {
  const { body } = form.elements, found = form.querySelector(".attached");
  if (found) return found;
  body.after(form.querySelector(".attached-list").content.cloneNode(true));
  return form.querySelector(".attached");
}

// Shows the pictures that the text names now.
function tend(form) {
  const ids = idsIn(form.elements.body.value), below = form.querySelector(".attached");
  if (!ids.length && !below?.querySelector(".attached-picture")) return;
  const list = listOf(form).firstElementChild;
  learnAbout(ids);
  for (const card of [...list.children]) if (!ids.includes(card.dataset.picture)) card.remove();
  ids.forEach((id, place) => {
    const card = cardOf(form, id) ?? newCard(form, id);
    if (list.children[place] !== card) list.insertBefore(card, list.children[place] ?? null);
    show(card);
  });
}

function newCard(form, id) {
  const card = form.querySelector(".attached-item").content.firstElementChild.cloneNode(true);
  card.dataset.picture = id;
  lookAgain(id);
  return card;
}

function show(card) {
  const picture = pictureOf(card.dataset.picture), { state, progress = 0, url, name } = picture;
  const find = (selector) => card.querySelector(selector);
  card.dataset.state = state;
  if (name) setText(find("legend"), name);
  setText(find(".upload-state"), stateIn(card, picture));
  setText(find(".public-words"), state === "public" ? publicWords(find(".public-words"), picture.words) : "");
  find(".change-words").hidden = state !== "public";
  find(".change-words").href = `/desk/pictures/${picture.id}`;
  find("progress").hidden = state !== "uploading";
  find("progress").value = progress;
  const thumbnail = find(".thumbnail");
  if (url && thumbnail.getAttribute("src") !== url) thumbnail.src = url;
  thumbnail.hidden = !url || !!thumbnail.dataset.broken;
  for (const name of WORDS) showWord(card, picture, name);
}

const publicWords = ({ dataset }, { alt, decorative, caption, credit }) =>
  [decorative ? dataset.decorative : alt, caption, credit].filter(Boolean).join(" · ");

function stateIn({ dataset }, { state, reason, animated }) {
  if (state === "there") return animated ? dataset.animated : "";
  if (reason === "large") return dataset.large;
  return reason || (dataset[state.replace(/-./, ([, letter]) => letter.toUpperCase())] ?? "");
}

function showWord(card, picture, name) {
  const field = card.querySelector(`[data-word=${name}]`), said = picture.words[name];
  if (name === "decorative") field.checked = said;
  else if (field.value !== said) field.value = said;
  if (name === "alt") field.disabled = picture.words.decorative;
  complain(field, picture.wrong?.[name]);
}

function complain(field, why) {
  const label = field.closest("label"), before = label.nextElementSibling?.matches(".reason") ? label.nextElementSibling : null;
  if ((before?.textContent ?? "") === (why ?? "")) return;
  before?.remove();
  field.toggleAttribute("aria-invalid", false);
  field.removeAttribute("aria-describedby");
  if (!why) return;
  const id = `reason-${field.dataset.word}-${field.closest("li").dataset.picture}`;
  label.after(Object.assign(document.createElement("p"), { id, className: "reason", textContent: why }));
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", id);
}

// Says at the field that the description is missing.
export function askForWords(form, picture) {
  picture.wrong = { ...picture.wrong, alt: cardOf(form, picture.id).dataset.missing };
  show(cardOf(form, picture.id));
}

addEventListener("input", ({ target }) => {
  const card = target.closest(".attached-picture");
  if (card) {
    const { alt, decorative, caption, credit } = fieldsOf(target.form, card.dataset.picture);
    const picture = pictureOf(card.dataset.picture);
    setWords(picture, { alt: alt.value, decorative: decorative.checked, caption: caption.value, credit: credit.value });
    show(card);
  } else if (target.matches("textarea[name=body]") && target.form?.querySelector(".picture-files")) tend(target.form);
});

// A field that is left is saved at once.
addEventListener("focusout", ({ target }) => {
  const card = target.closest?.(".attached-picture");
  if (card) saveWords(pictureOf(card.dataset.picture));
});

// Enter leads on, and publishes nothing.
addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing || !target.matches(".attached-picture input")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const fields = [...target.form.querySelectorAll(".attached-picture input:enabled")];
  (fields[fields.indexOf(target) + 1] ?? target.form.elements.body).focus();
});

addEventListener("click", ({ target }) => {
  const card = target.closest(".attached-picture"), picture = card && pictureOf(card.dataset.picture);
  if (target.matches(".cancel-upload")) cancelUpload(picture);
  else if (target.matches(".try-again")) tryAgain(picture);
  else if (target.matches(".remove-picture")) remove(target.form.elements.body, picture);
  else return;
  if (target.matches(":not(.remove-picture)")) card.querySelector(".remove-picture").focus();
});

// Takes the reference out of the text. Undo brings it back.
function remove(area, picture) {
  if (picture.state === "uploading" || picture.state === "waiting") cancelUpload(picture);
  area.focus();
  for (let found; (found = [...area.value.matchAll(REFERENCE)].find(([, id]) => id === picture.id)); ) {
    const gap = area.value.slice(found.index + found[0].length).match(/^\n*/)[0].length;
    area.setSelectionRange(found.index, found.index + found[0].length + gap);
    insert(area, "");
  }
}

// Chromium shows no HEIC; the site's own file of it is one that every browser shows.
addEventListener("error", ({ target }) => {
  if (!target.matches?.(".thumbnail")) return;
  const picture = pictureOf(target.closest("li").dataset.picture);
  // It has another address by now
  if (picture.url && picture.url !== target.getAttribute("src")) return show(target.closest("li"));
  if (picture.url?.startsWith("blob:")) Object.assign(picture, { url: null, unseen: true });
  target.removeAttribute("src");
  target.hidden = true;
}, true);

uploads.addEventListener("change", ({ detail: { id, state, unsent } }) => {
  for (const form of forms()) {
    const card = cardOf(form, id);
    if (!card) continue;
    show(card);
    if (state === "there" && !unsent) form.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// Forms come and go, and what was kept of them is put into them.
addEventListener("change", ({ target }) => target.matches("form:has(.picture-files)") && tend(target));
const tendAll = () => forms().forEach(tend);
new MutationObserver(tendAll).observe(document.querySelector("main"), { childList: true, subtree: true });
tendAll();
