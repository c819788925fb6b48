// Makes an element equal to another and changes only what differs. So selected text, scrolled tables and open folds
// stay, and no picture loads twice.

// Whether the first can be turned into the second. Not a time, which times.js keeps up to date, nor a pinned update
// into another one, which has a fold of its own.
const alike = (a, b) =>
  a.nodeName === b.nodeName && (!a.id || !b.id || a.id === b.id) && a.dataset?.of === b.dataset?.of && !a.dateTime;

// Replaces `old` by `fresh`, and keeps of `old` what it can. `fresh` cannot be used afterwards.
export function morph(old, fresh) {
  // An element that is in the page already, such as a notice that moves up, is moved and not copied.
  if (fresh.isConnected || !alike(old, fresh)) return old.replaceWith(fresh);
  if (!old.attributes) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // The reader decides whether it is open.
  for (const { name } of [...old.attributes]) name === "open" || fresh.hasAttribute(name) || old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) {
    name === "open" || old.getAttribute(name) === value || old.setAttribute(name, value);
  }
  const children = [...fresh.childNodes], twins = twinsOf(children, old), kept = new Set(twins.values());
  let here = old.firstChild;
  const drop = () => {
    const next = here.nextSibling;
    here.remove();
    here = next;
  };
  children.forEach((child, i) => {
    const twin = twins.get(child), text = !child.attributes;
    const wanted = () => children.slice(i).some((each) => alike(here, each)) && (text || here.attributes);
    while (here && here !== twin && (twin || (!kept.has(here) && !wanted()))) drop();
    if (!here || (!twin && (kept.has(here) || !alike(here, child)))) return old.insertBefore(child, here);
    const next = here.nextSibling;
    if (!twin) morph(here, child);
    here = next;
  });
  while (here) drop();
}

// Finds, in order, the children of `old` that equal one of these. White space between elements does not count. None is
// found behind the loaded frame of an external post (external.js) before that is, because a frame that is moved loads
// again.
function twinsOf(children, old) {
  const twins = new Map();
  let rest = [...old.childNodes];
  for (const child of children) {
    const at = child.data?.trim() === "" ? -1 : rest.findIndex((each) => each.isEqualNode(child));
    if (at < 0 || rest.slice(0, at).some((each) => each.shadowRoot)) continue;
    twins.set(child, rest[at]);
    rest = rest.slice(at + 1);
  }
  return twins;
}
