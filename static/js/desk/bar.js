// On a phone, a bar above the keyboard while somebody writes: Photo, Key, and the button that sends the form. It is bound
// to the visual viewport, which is what the keyboard leaves and what a pinch magnifies, and moves nothing on the page.

import { caretBottom } from "./writing/caret.js";

const FORMS = ".composer, .edit, .article-form, .review-form";

const bar = document.querySelector(".phone-bar"), view = window.visualViewport;
const part = (name) => bar.querySelector(`.bar-${name}`);
const onPhone = matchMedia("(pointer: coarse) and (max-width: 63.99rem)");
const listener = new MutationObserver(([{ target }]) => tell(target));

// The form that is written in
let written = null;

const formOf = (field) => onPhone.matches && ["text", "textarea"].includes(field.type) && !field.readOnly && field.closest(FORMS);
const photo = () => written.querySelector("[data-helper=picture]");
// A form in conflict has none until its editor has chosen
const sender = () => written.querySelector("button.primary");

if (bar && view) {
  addEventListener("focusin", ({ target }) => bar.contains(target) || turnTo(formOf(target)));
  // Without a next element, the focus has left the page or its fields.
  addEventListener("focusout", ({ relatedTarget }) => relatedTarget || turnTo(null));
  addEventListener("change", press);
  addEventListener("input", follow);
  addEventListener("scroll", place, { passive: true });
  view.addEventListener("scroll", place);
  view.addEventListener("resize", follow);
  // The focus stays in the text, and so does the keyboard.
  bar.addEventListener("mousedown", (event) => event.preventDefault());
  bar.addEventListener("click", ({ target }) => PRESSED[target.className.match(/bar-(\w+)/)?.[1]]?.());
}

const PRESSED = {
  photo: () => photo().click(),
  key: () => written.elements.key.click(),
  send: () => written.requestSubmit(sender()),
};

// The bar is that of this form from now on, or hidden without one.
function turnTo(form) {
  listener.disconnect();
  // There is one button that sends at a time.
  written?.classList.remove("barred");
  written = form || null;
  bar.hidden = !written;
  if (!written) return;
  written.classList.add("barred");
  part("photo").hidden = !photo();
  part("key").hidden = !written.elements.key;
  part("send").hidden = !sender();
  part("send").textContent = sender()?.textContent;
  for (const each of [...document.querySelectorAll(".trouble, .done"), ...written.querySelectorAll(".draft-state")]) {
    listener.observe(each, { childList: true, attributes: true });
  }
  press();
  tell(written.querySelector(".draft-state"));
}

function press() {
  if (written) part("key").ariaPressed = String(!!written.elements.key?.checked);
}

// Repeats what went wrong, or else what that line says.
function tell(line) {
  const trouble = document.querySelector(".trouble:not([hidden])") ?? written.querySelector(".reason");
  const words = [...((trouble ?? line)?.childNodes ?? [])].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
  part("says").textContent = words.map(({ data }) => data).join(" ").trim();
  part("says").classList.toggle("wrong", !!trouble);
  follow();
}

// Puts the bar onto the lower edge of what is seen, in its own size whatever the magnification.
function place() {
  if (bar.hidden) return;
  const { offsetLeft, offsetTop, width, height, scale } = view;
  bar.style.width = `${width * scale}px`;
  bar.style.transform = `translate(${offsetLeft}px, ${offsetTop + height}px) scale(${1 / scale}) translateY(-100%)`;
}

// What is typed is not behind the bar. The browser scrolls first, and knows of the keyboard alone.
function follow() {
  place();
  requestAnimationFrame(() => {
    const field = document.activeElement;
    if (bar.hidden || field.closest(FORMS) !== written) return;
    const behind = caretBottom(field) - bar.getBoundingClientRect().top;
    if (behind > 0) scrollBy({ top: behind, behavior: "instant" });
  });
}
