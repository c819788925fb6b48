// What keys and clicks do in the desk's forms.

// The second click of a double click finds the button that undoes the first.
addEventListener("click", (event) => {
  if (event.detail > 1 && event.target.closest(".marks button")) event.preventDefault();
});

addEventListener("keydown", (event) => {
  const form = event.target.form;
  if (event.key !== "Enter" || event.isComposing || !form) return;
  const button = form.querySelector("button.primary, button.danger");
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    // A form in conflict has no such button until its editor has chosen.
    if (button) form.requestSubmit(button);
  } else if (event.target.matches("input:is([type=text], [type=checkbox])") && form.matches(".composer, .edit, .article-form, .review-form, .retraction")) {
    // Nothing is sent by Enter alone: it leads on to the next field, and never to the button that retracts.
    event.preventDefault();
    const fields = [...form.querySelectorAll("input:not([type=hidden], [hidden]), select, textarea, button:not([type=button], .danger, [hidden])")];
    fields[fields.indexOf(event.target) + 1]?.focus();
  }
});
