// The composer begins with the body. A button opens the headline, which is open anyhow while it holds something.

addEventListener("click", ({ target }) => {
  if (!target.matches(".add-headline")) return;
  target.ariaExpanded = "true";
  target.form.elements.headline.focus();
});

const body = document.querySelector("form.composer")?.elements.body;
// On touch a keyboard would cover the half of the page that nobody has read yet.
export const touched = () => matchMedia("(hover: none), (pointer: coarse)").matches;
if (body && !touched() && document.activeElement === document.body) body.focus({ preventScroll: true });
