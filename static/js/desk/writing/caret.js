// Where the caret is. Browsers tell it of selections in a page, and not of those in a field.

const mirror = document.querySelector(".caret-mirror");

// The lower edge of the line in which the caret of that field is, in CSS pixels of the layout viewport.
export function caretBottom(field) {
  const { top, bottom } = field.getBoundingClientRect();
  if (field.localName !== "textarea") return bottom;
  mirror.style.width = `${field.offsetWidth}px`;
  // A line that has begun and holds nothing yet is a line, too.
  mirror.textContent = `${field.value.slice(0, field.selectionEnd)}\u200b`;
  const line = top + mirror.offsetHeight - field.scrollTop;
  mirror.textContent = "";
  return Math.min(line, bottom);
}
