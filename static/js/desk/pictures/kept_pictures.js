// Pictures on this device that the site does not have yet, or whose words it does not have.

import { read, write } from "../device.js";
import { sendJson } from "../answers.js";
import { putFile } from "./put_file.js";

// ms; as long as the site keeps an upload that no draft names
const LONGEST = 7 * 24 * 3600 * 1000;

const addressOf = (editor, id) => `pictures/${editor}/${id}`;
const creditKey = (editor) => `credit/${editor}`;

// Storage may be full or forbidden: then the picture is in this page, and nowhere else.
export function keepPicture(editor, picture) {
  const address = addressOf(editor, picture.id);
  write(address, (stores) => stores.objectStore("pictures").put({ ...picture, editor, address, at: Date.now() })).catch(() => {});
}

export async function forgetPicture(editor, id) {
  const address = addressOf(editor, id);
  await write(address, (stores) => stores.objectStore("pictures").delete(address)).catch(() => {});
}

// Those of that editor; what no text asked for in a week is deleted.
export async function keptPictures(editor) {
  const all = await read((stores) => stores.objectStore("pictures").getAll()).catch(() => []);
  const mine = all.filter((each) => each.editor === editor);
  for (const { id, at } of mine) if (at < Date.now() - LONGEST) forgetPicture(editor, id);
  return mine;
}

// Where the site takes the picture, or its words. It refuses, as if nobody were signed in, when somebody else is.
export const uploadAddress = (editor, id, part = "", name = "") =>
  `/desk/uploads${id && `/${id}`}${part}?${new URLSearchParams({ editor, ...(name && { name }) })}`;

// The alt text of a decorative picture stays on this device, for the case that it is none after all.
export const sendWords = (editor, id, words) =>
  sendJson("PUT", uploadAddress(editor, id, "/words"), words.decorative ? { ...words, alt: "" } : words);

// The credit that the editor gave last, which the next picture begins with.
export function lastCredit(editor) {
  try { return localStorage.getItem(creditKey(editor)) ?? ""; } catch { return ""; }
}

export function rememberCredit(editor, credit) {
  try { localStorage.setItem(creditKey(editor), credit); } catch { /* forbidden */ }
}

// Brings them to the site and wipes them here; resolves to whether all of them are there.
export async function bringPictures(editor) {
  const brought = (await keptPictures(editor)).map(async ({ id, name, file, words, unsent }) => {
    try {
      if (file && (await putFile(uploadAddress(editor, id, "", name), file)).status !== 200) return false;
      if (unsent && !(await sendWords(editor, id, words)).ok) return false;
      await forgetPicture(editor, id);
      return true;
    } catch {
      return false;
    }
  });
  return (await Promise.all(brought)).every(Boolean);
}

// Wipes them without that, and the credit that was remembered.
export async function wipePictures(editor) {
  await Promise.all((await keptPictures(editor)).map(({ id }) => forgetPicture(editor, id)));
  try { localStorage.removeItem(creditKey(editor)); } catch { /* forbidden */ }
}
