// Makes an element what another is, and touches only what differs: whoever has selected text in it, scrolled a table
// sideways or opened something keeps that, and no picture loads twice.

// Whether the first can become the second. A time is watched by the clock of times.js, and an update that was pinned
// instead of another begins with its own fold.
const alike = (a, b) =>
  a.nodeName === b.nodeName && (!a.id || !b.id || a.id === b.id) && a.dataset?.of === b.dataset?.of && !a.dateTime;

// Puts `fresh` in the place of `old`, which stays where it can; what is left of `fresh` is of no use then.
export function morph(old, fresh) {
  // What is in the page already, such as a notice that moves up, is no copy.
  if (fresh.isConnected || !alike(old, fresh)) return old.replaceWith(fresh);
  if (!old.attributes) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  // Whether it is open is the reader's.
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

// Which children of `old`, in order, are the same as those already. Space between elements is the same everywhere.
function twinsOf(children, old) {
  const twins = new Map();
  let rest = [...old.childNodes];
  for (const child of children) {
    const at = child.data?.trim() === "" ? -1 : rest.findIndex((each) => each.isEqualNode(child));
    if (at < 0) continue;
    twins.set(child, rest[at]);
    rest = rest.slice(at + 1);
  }
  return twins;
}
