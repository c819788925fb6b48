// What is pasted into a text becomes Markdown. The plain text is put in at once, as one step of undo, and the site's
// Markdown takes its place as the next: the first undo gives the plain text back, and it is what stays when the site
// does not answer. An address that is pasted over words makes a link of them.

import { sendJson } from "../answers.js";
import { insert } from "./insert.js";

const ADDRESS = /^(?:https?:\/\/|mailto:)[^\s<>]+$/i;
const BLOCK = /^(?:[*>|] |#{1,6} |\d+\. |```)/;
const TWO_LINES = /\S[^\S\n]*\n\s*\S/;
const EMBEDDED = /(["'])data:[^"']*\1/g; // pictures, which may have megabytes and are not taken

let composing = null;

addEventListener("paste", (event) => {
  const { target: area, clipboardData: clipboard, defaultPrevented } = event;
  if (defaultPrevented || !clipboard || !area.matches?.("textarea[name=body]")) return;
  const text = clipboard.getData("text/plain").replace(/\r\n?/g, "\n").replaceAll("\0", "");
  const chosen = area.value.slice(area.selectionStart, area.selectionEnd);
  if (ADDRESS.test(text.trim()) && isWords(chosen)) {
    event.preventDefault();
    return insert(area, `[${chosen}](${balanced(text.trim())})`);
  }
  const pasted = contentOf(clipboard, text);
  if (!pasted) return;
  event.preventDefault();
  clean(area, text, pasted);
});

const isWords = (chosen) => !!chosen.trim() && !chosen.includes("\n") && !ADDRESS.test(chosen.trim());

// What the site is asked about; null for text that is right as it is, such as the source that a code editor copies.
function contentOf(clipboard, text) {
  const html = clipboard.getData("text/html").replace(EMBEDDED, '""');
  if (clipboard.types.includes("vscode-editor-data") || !text.trim()) return null;
  if (html.trim()) return { html };
  return TWO_LINES.test(text) ? { text } : null;
}

async function clean(area, text, pasted) {
  const start = area.selectionStart;
  // The page's own selection may be elsewhere, and the command would write there.
  area.setSelectionRange(start, area.selectionEnd);
  insert(area, text);
  const plain = area.value.slice(start, area.selectionEnd);
  const markdown = await asked(pasted);
  await composing?.promise;
  if (markdown && area.isConnected && !area.readOnly) swap(area, start, plain, markdown);
}

async function asked(pasted) {
  try {
    const answer = await sendJson("POST", "/desk/paste", pasted);
    return answer.ok ? (await answer.json()).markdown : null;
  } catch {
    return null;
  }
}

// Puts the Markdown in place of the plain text, wherever that is after more was typed, and leaves the caret and the
// focus where the editor has them.
function swap(area, expected, plain, markdown) {
  const { value, selectionStart, selectionEnd } = area;
  const start = placeOf(value, plain, expected), end = start + plain.length;
  if (start < 0) return;
  const put = apart(markdown, value.slice(0, start), value.slice(end));
  if (put === plain) return;
  const moved = (at) => (at >= end ? at + put.length - plain.length : Math.min(at, start + put.length));
  const focused = document.activeElement;
  area.focus({ preventScroll: true });
  area.setSelectionRange(start, end);
  insert(area, put);
  area.setSelectionRange(moved(selectionStart), moved(selectionEnd));
  if (focused !== area) focused?.focus({ preventScroll: true });
}

// Where that text begins; -1 if it was changed, or if it cannot be told from the same text elsewhere.
function placeOf(value, plain, expected) {
  if (value.startsWith(plain, expected)) return expected;
  const first = value.indexOf(plain);
  return first === value.lastIndexOf(plain) ? first : -1;
}

// A list, quotation, heading or table has to begin on a line of its own, and to end on one.
function apart(markdown, before, after) {
  const lines = markdown.split("\n");
  const gap = (line, beside, breaks) => "\n".repeat(BLOCK.test(line) && beside.trim() ? Math.max(0, 2 - breaks[0].length) : 0);
  return gap(lines[0], before, before.match(/\n*$/)) + markdown + gap(lines.at(-1), after, after.match(/^\n*/));
}

// A link ends at the first bracket that was not opened.
function balanced(address) {
  let depth = 0;
  for (const sign of address) {
    depth += (sign === "(") - (sign === ")");
    if (depth < 0) break;
  }
  return depth === 0 ? address : address.replaceAll("(", "%28").replaceAll(")", "%29");
}

// Nothing is put in while an input method composes a word.
addEventListener("compositionstart", () => composing = Promise.withResolvers?.() ?? null);
addEventListener("compositionend", () => {
  composing?.resolve();
  composing = null;
});
