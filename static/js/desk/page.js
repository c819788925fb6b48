// What many modules of the desk ask of their page, and do to it.

// The id of the editor who was signed in when the page came.
export const pageEditor = () => document.querySelector("form[data-editor]")?.dataset.editor;

// Writes only what differs: what is written again is announced again, and is a change to whoever looks for changes.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// That many random bytes in hexadecimal digits. Without a secure context browsers make no UUID by themselves.
export const randomDigits = (bytes) =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
