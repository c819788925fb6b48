// What the desk warns: of what was done, and of what went wrong.

import { wipeCopies } from "./copies.js";

const done = document.querySelector(".done");
const trouble = document.querySelector(".trouble");

// The message of that name, as the page has it.
export const message = (name) => trouble.dataset[name];

// Whether the page warns so now.
export const warns = (name) => trouble.dataset.shown === name;

// Whether this page follows a form that was stored.
export const isDone = () => !!done?.dataset.deed;

// Says what went wrong: the message of that name, or other words; null takes it off again.
export function warn(name, words) {
  if (name === "signedOut") wipeCopies();
  if (trouble) {
    trouble.hidden = !name;
    trouble.dataset.shown = name ?? "";
    trouble.textContent = words ?? (name ? trouble.dataset[name] : "");
  }
  return null;
}

// Says what was done, in the words of the page that came back or in a text of ours, which a button may follow.
export function report(words, button) {
  if (words?.childNodes) done.replaceChildren(...words.childNodes);
  else done.replaceChildren(words, ...(button ? [button] : []));
}
