// The menu behind "…" below an update. It opens on the form that retracts, so that this takes two presses; the page of its
// own, to which its link leads, is for editors without a script.

import { touched } from "../writing/headline.js";

const openMenu = () => document.querySelector(".more-tools[open]");

// A toggle does not bubble.
document.addEventListener("toggle", ({ target: menu }) => menu.matches?.(".more-tools") && menu.open && opened(menu), true);

function opened(menu) {
  const link = menu.querySelector("a.retract"), blank = document.getElementById("retraction");
  if (link && blank) link.replaceWith(numbered(blank.content.firstElementChild.cloneNode(true), link));
  menu.querySelector(".menu").scrollIntoView({ block: "nearest" });
  // On touch, the keyboard would cover the button, and a reason may be left out.
  if (!touched()) menu.querySelector("[name=reason]")?.focus({ preventScroll: true });
}

// The form is that of no update yet, whose number is 0.
function numbered(form, link) {
  const id = link.closest(".update-tools").dataset.for.split("-")[1];
  for (const each of [form, ...form.querySelectorAll("[id], [for]")]) {
    for (const name of ["action", "id", "for"]) {
      if (each.hasAttribute(name)) each.setAttribute(name, each.getAttribute(name).replace("0", id));
    }
  }
  return form;
}

addEventListener("keydown", (event) => {
  const menu = event.target.closest(".more-tools[open]");
  if (event.key !== "Escape" || event.isComposing || !menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// It closes when the editor goes on elsewhere, and has what was typed when it is opened again.
for (const kind of ["click", "focusin"]) {
  addEventListener(kind, ({ target }) => {
    const menu = openMenu();
    if (menu && !menu.contains(target) && target.isConnected) menu.open = false;
  });
}
