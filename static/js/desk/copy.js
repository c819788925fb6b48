// Copies what is shown once: a link, a token. Where the page may not write to the clipboard (plain http), the text is
// selected, so that one key copies it.

addEventListener("click", async ({ target }) => {
  const button = target.closest?.(".copy");
  if (!button) return;
  const field = button.previousElementSibling;
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.said;
  } catch {
    field.focus();
  }
});
