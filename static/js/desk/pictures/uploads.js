// The pictures in the texts of this page. Each is uploaded in the background from the moment it is put into a text, under
// an id that is made here and is in the text. Until the site has it, with its words, it is kept on this device, so that a
// page that opens the text later goes on with it.

import { request } from "../answers.js";
import { warn, warns } from "../messages.js";
import { pageEditor, randomDigits } from "../page.js";
import { forgetPicture, keepPicture, keptPictures, lastCredit, rememberCredit, sendWords, uploadAddress } from "./kept_pictures.js";
import { putFile } from "./put_file.js";
import { MOST_BYTES, shrunk } from "./shrink.js";

// ms after typing stops until the words are saved
const PAUSE = 1_000;
// ms until what had no answer is tried again
const AGAIN = 5_000;

// By id: { id, name, state, progress, reason, file, url, animated, words, unsent, wrong }. The states are
// - asking: the site is asked whether it has the picture
// - uploading, and waiting for the network or signed-out, after which it goes on by itself
// - cancelled, refused, or lost, when neither the site nor this device has it
// - there: the site has it for this editor; or public
const pictures = new Map();
export const uploads = new EventTarget();
export const pictureOf = (id) => pictures.get(id);

const editor = pageEditor();
const isAway = ({ state }) => state !== "there";
const blank = () => ({ alt: "", decorative: false, caption: "", credit: "" });

// One upload at a time: over a bad network the first picture arrives early.
let line = Promise.resolve();

// Begins to upload the file; returns the new picture's id.
export function addPicture(file) {
  const id = randomDigits(8), words = { ...blank(), credit: lastCredit(editor) };
  const picture = { id, name: file.name, file, url: URL.createObjectURL(file), words, unsent: !!words.credit };
  pictures.set(id, picture);
  store(picture);
  begin(picture);
  return id;
}

// Finds out about pictures that a text names and this page does not know.
export async function learnAbout(ids) {
  const unknown = ids.filter((id) => !pictures.has(id));
  if (!unknown.length) return;
  for (const id of unknown) pictures.set(id, { id, name: "", state: "asking", words: blank(), unsent: false });
  for (const { id, name, file, words, unsent } of await keptPictures(editor)) {
    const picture = unknown.includes(id) && pictures.get(id);
    if (picture) Object.assign(picture, { name, file, words, unsent, url: file && URL.createObjectURL(file) });
  }
  await ask(unknown);
}

// Another text names the picture: it may be public by now.
export const lookAgain = (id) => pictures.get(id)?.state === "there" && ask([id]);

export function cancelUpload(picture) {
  set(picture, "cancelled");
  picture.stop?.abort();
}

export function tryAgain(picture) {
  if (picture.file) begin(picture);
  else ask([picture.id]);
}

// What the editor says of the picture: alt, decorative, caption, credit.
export function setWords(picture, words) {
  if (words.credit !== picture.words.credit) rememberCredit(editor, words.credit);
  Object.assign(picture, { words, unsent: true, wrong: null });
  store(picture);
  clearTimeout(picture.later);
  picture.later = setTimeout(saveWords, PAUSE, picture);
}

// Sends the words, if the site has the picture and not its words.
export async function saveWords(picture) {
  clearTimeout(picture.later);
  if (picture.state !== "there" || !picture.unsent || picture.saving) return;
  const { words } = picture;
  picture.saving = true;
  let answer;
  try {
    answer = await sendWords(editor, picture.id, words);
  } catch {
    answer = { status: 0 };
  }
  picture.saving = false;
  if (answer.status === 401) warn("signedOut");
  if (answer.ok) {
    if (picture.words === words) picture.unsent = false;
    settle(picture);
  } else if (answer.status === 404) ask([picture.id]);
  else if (answer.status === 422) {
    picture.wrong = Object.fromEntries((await answer.json()).errors.map(({ field, message }) => [field, message]));
    return changed(picture);
  }
  if (picture.unsent) picture.later = setTimeout(saveWords, answer.ok ? 0 : AGAIN, picture);
  changed(picture);
}

function begin(picture) {
  clearTimeout(picture.timer);
  picture.progress = 0;
  picture.stop = new AbortController();
  set(picture, "uploading");
  line = line.then(() => send(picture));
}

async function send(picture) {
  const { stop } = picture;
  if (picture.state !== "uploading" || !picture.file) return;
  const file = await shrunk(picture.file);
  if (picture.stop !== stop || stop.signal.aborted) return;
  if (file !== picture.file) {
    showFrom(picture, URL.createObjectURL(file));
    store(Object.assign(picture, { file }));
  }
  if (file.size > MOST_BYTES) return set(picture, "refused", "large");
  try {
    const progressed = (part) => changed(Object.assign(picture, { progress: part }));
    const to = uploadAddress(editor, picture.id, "", picture.name);
    const { status, content } = await putFile(to, file, { signal: stop.signal, progressed });
    if (status === 200) arrive(picture, content);
    else if (status === 401) signedOut(picture);
    else if (status < 500 && status !== 429) set(picture, "refused", content.errors?.[0]?.message ?? content.detail);
    else wait(picture);
  } catch {
    if (picture.state === "uploading" && picture.stop === stop) wait(picture);
  }
}

function wait(picture) {
  set(picture, "waiting");
  picture.timer = setTimeout(ask, AGAIN, [picture.id]);
}

function signedOut(picture) {
  if (!warns("signedOut")) warn("signedOut");
  set(picture, "signed-out");
  picture.timer = setTimeout(ask, AGAIN, [picture.id]);
}

// Asks the site which of these it has: the answer to an upload may have been lost. What it does not have is uploaded, if
// the file is here.
async function ask(ids) {
  const asked = ids.map((id) => pictures.get(id)).filter(({ state }) => state !== "public" && state !== "uploading");
  if (!asked.length) return;
  for (const { timer } of asked) clearTimeout(timer);
  try {
    const answer = await request(`${uploadAddress(editor, "")}${asked.map(({ id }) => `&id=${id}`).join("")}`);
    if (answer.status === 401) return asked.filter(isAway).forEach(signedOut);
    const { pictures: found } = await answer.json();
    if (warns("signedOut")) warn(null);
    for (const picture of asked) {
      const said = found.find(({ id }) => id === picture.id);
      if (said) arrive(picture, said);
      else if (picture.file && picture.state !== "cancelled") begin(picture);
      else if (!picture.file) set(picture, "lost");
    }
  } catch {
    asked.filter(isAway).forEach(wait);
  }
}

// The site has it. Words that were typed here meanwhile are later than those that it knows.
function arrive(picture, said) {
  const { alt, decorative, caption, credit } = said;
  if (!picture.unsent) picture.words = { alt, decorative, caption: caption ?? "", credit: credit ?? picture.words.credit };
  Object.assign(picture, { file: null, animated: said.animated, name: picture.name || said.name || "" });
  if (said.public) showFrom(picture, `/pictures/${picture.id}?small`);
  else if (!picture.url || picture.unseen) fetchFile(picture);
  set(picture, said.public ? "public" : "there");
  if (said.public) picture.unsent = false;
  settle(picture);
  saveWords(picture);
}

// The file behind the address before takes no memory any more.
function showFrom(picture, url) {
  if (picture.url?.startsWith("blob:")) URL.revokeObjectURL(picture.url);
  picture.url = url;
}

// This browser does not show the file, or another device uploaded it.
async function fetchFile(picture) {
  try {
    const answer = await request(`${uploadAddress(editor, picture.id, "/file")}&small`);
    if (!answer.ok) return;
    showFrom(picture, URL.createObjectURL(await answer.blob()));
    changed(picture);
  } catch {
    // The picture is shown by its name
  }
}

// What the site has need not be kept on this device.
const settle = (picture) => (picture.unsent ? store(picture) : forgetPicture(editor, picture.id));
const store = ({ id, name, file, words, unsent }) => keepPicture(editor, { id, name, file, words, unsent });

function set(picture, state, reason = "") {
  Object.assign(picture, { state, reason });
  changed(picture);
}

function changed(picture) {
  uploads.dispatchEvent(new CustomEvent("change", { detail: picture }));
}

// The network is back, or the editor, who may have signed in elsewhere.
const goOn = () => ask([...pictures.values()].filter(({ state }) => state === "waiting" || state === "signed-out").map(({ id }) => id));
addEventListener("online", goOn);
addEventListener("focus", goOn);
