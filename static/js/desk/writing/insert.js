// Puts text into a field so that the browser's own undo takes it out again.

export function selectionOf({ value, selectionStart: start, selectionEnd: end }) {
  return { before: value.slice(0, start), chosen: value.slice(start, end), after: value.slice(end) };
}

// Puts the text in place of the selection, and selects what is to be typed over: `from` and `to` are counted from its
// beginning. `around` characters on both sides go too. A text that is `apart` has empty lines around it.
export function replace(area, { text, from, to = from, around = 0, apart = false }) {
  area.focus();
  area.setSelectionRange(area.selectionStart - around, area.selectionEnd + around);
  const { before, after } = selectionOf(area), start = area.selectionStart;
  const gap = apart ? "\n".repeat(Math.max(0, before.trim() ? 2 - before.match(/\n*$/)[0].length : 0)) : "";
  const end = apart && after.trim() ? "\n".repeat(Math.max(0, 2 - after.match(/^\n*/)[0].length)) : "";
  insert(area, gap + text + end);
  area.setSelectionRange(start + gap.length + from, start + gap.length + to);
}

// What is typed by this command can be undone with the browser's own keys. No browser has a successor of it yet.
export function insert(area, text) {
  const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (done) return;
  area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new InputEvent("input", { bubbles: true }));
}
