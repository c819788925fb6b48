// Pictures come into a text by paste, drop or choice, several at once. The reference to each is put where the caret is.

import { fieldsOf, sayBelow } from "./attached.js";
import { replace } from "../writing/insert.js";
import { addPicture } from "./uploads.js";

const TAGS = /<(style|script|title)\b.*?<\/\1>|<!--.*?-->|<[^>]*>|&nbsp;/gis;
const ONE_ADDRESS = /^(?:https?|file|blob|data):\S*$/i;
// Desktops have no type for these
const BY_NAME = /\.(?:hei[cf]|avif)$/i;

const isImage = ({ type, name }) => type.startsWith("image/") || (!type && BY_NAME.test(name));

// Lets the editor choose files, or a phone's camera.
export function chooseFiles(area) {
  area.form.querySelector(".picture-files").click();
}

addEventListener("change", ({ target }) => {
  if (!target.matches(".picture-files")) return;
  take(target.form.elements.body, [...target.files], true);
  target.value = "";
});

addEventListener("paste", (event) => {
  const { target: area, clipboardData: clipboard, defaultPrevented } = event;
  if (defaultPrevented || !clipboard || !area.matches?.("textarea[name=body]") || area.readOnly) return;
  const files = [...clipboard.files];
  if (!files.some(isImage) || hasWords(clipboard, files)) return;
  event.preventDefault();
  take(area, files, false);
});

// Word processors and spreadsheets add a picture of the text; a browser that copies a picture adds its address or HTML
// without words, and a file manager the names of the files.
function hasWords(clipboard, files) {
  const html = clipboard.getData("text/html").replace(TAGS, "").trim(), text = clipboard.getData("text/plain").trim();
  if (html) return true;
  return !!text && !ONE_ADDRESS.test(text) && text.split(/\s*\n\s*/).some((line) => !files.some(({ name }) => line.endsWith(name)));
}

const hasFiles = ({ dataTransfer }) => !!dataTransfer?.types.includes("Files");
const formBelow = ({ target }) => {
  const form = target.closest?.("form");
  return form?.querySelector(".picture-files") && !form.elements.body.readOnly ? form : null;
};
const mark = (form) => {
  for (const each of document.querySelectorAll("form[data-dropping]")) if (each !== form) delete each.dataset.dropping;
  if (form) form.dataset.dropping = "";
};

// A file that is dropped beside the form would be opened in place of the page, with all that is typed in it.
addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const form = formBelow(event);
  event.dataTransfer.dropEffect = form ? "copy" : "none";
  mark(form);
});
addEventListener("dragleave", ({ relatedTarget }) => relatedTarget || mark(null));
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  const form = formBelow(event);
  mark(null);
  if (form) take(form.elements.body, [...event.dataTransfer.files], true);
});

// Puts references to the files behind what is selected. The focus goes to the words of the first, or stays in the text.
function take(area, files, toWords) {
  const other = files.find((each) => !isImage(each));
  sayBelow(area.form, other ? "no-picture" : "", { name: other?.name });
  const ids = files.filter(isImage).map(addPicture);
  if (!ids.length) return;
  area.setSelectionRange(area.selectionEnd, area.selectionEnd);
  const text = ids.map((id) => `![](/pictures/${id})`).join("\n\n");
  replace(area, { text, from: text.length, apart: true });
  if (toWords) fieldsOf(area.form, ids[0]).alt.focus();
}
