// Edits of a text in Markdown: what a helper makes of the selection. Each takes the text before, in and after the
// selection, and gives what replaces the whole lines or words, and what of it is selected then.

// Words between two marks, or without them when they have them already; each line on its own, since a mark that begins in
// one paragraph cannot end in another. Space at the ends stays outside.
export function wrapped({ before, chosen, after }, mark) {
  if (!chosen.trim()) return { text: `${chosen}${mark}${mark}`, from: chosen.length + mark.length };
  const has = (line) => line.startsWith(mark) && line.endsWith(mark) && line.length > 2 * mark.length && !(mark === "*" && /^\*\*(?!\*)/.test(line));
  if (before.endsWith(mark) && after.startsWith(mark) && !(mark === "*" && /(^|[^*])\*\*$/.test(before))) {
    return { text: chosen, from: 0, to: chosen.length, around: mark.length };
  }
  const lines = chosen.split("\n"), undo = lines.every((line) => !line.trim() || has(line.trim()));
  const text = lines.map((line) => line.replace(/\S.*\S|\S/, (words) => (undo ? words.slice(mark.length, -mark.length) : mark + words + mark))).join("\n");
  return { text, from: 0, to: text.length };
}

// A link over the words, with the place for its address, or around an address, with the place for its words.
export function linked({ chosen }) {
  if (/^(https?:\/\/|www\.)\S+$/.test(chosen)) return { text: `[](${chosen})`, from: 1 };
  if (!chosen) return { text: "[]()", from: 1 };
  return { text: `[${chosen}]()`, from: chosen.length + 3 };
}

// The lines as items, or without their bullets when all have one.
export function listed({ chosen }) {
  const lines = chosen.split("\n"), words = lines.filter((line) => line.trim());
  const undo = words.length > 0 && words.every((line) => /^[*-] /.test(line));
  const item = (line) => (undo ? line.replace(/^[*-] /, "") : line.trim() || lines.length === 1 ? `* ${line}` : line);
  const text = lines.map(item).join("\n");
  return { text, from: undo ? 0 : text.length, to: text.length, apart: !undo };
}

// The lines as a quotation with its source below, which is selected, to be typed over. A ">" before a figure would stay
// a sign ("more than"), so such a line gets a quotation mark.
export function quoted({ chosen }, source) {
  const lines = chosen.trim().split("\n").map((line, number) => `> ${number === 0 && /^[-+±~]?[\d$€£¥₴]/.test(line) ? `"${line}` : line}`.trimEnd());
  if (lines[0].startsWith('> "')) lines[lines.length - 1] += '"';
  const quotation = lines.join("\n");
  if (!chosen.trim()) return { text: `> \n>\n> — ${source}`, from: 2, apart: true };
  const text = `${quotation}\n>\n> — ${source}`;
  return { text, from: text.length - source.length, to: text.length, apart: true };
}
