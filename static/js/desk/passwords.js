// Shows what is typed in the field of a password, until it is sent.

for (const button of document.querySelectorAll(".show-password")) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  const set = (type) => {
    if (field.type === type) return;
    field.type = type;
    for (const words of button.children) [words.textContent, words.dataset.other] = [words.dataset.other, words.textContent];
  };
  button.addEventListener("click", () => set(field.type === "password" ? "text" : "password"));
  // Browsers keep what was typed in a field of text
  field.form.addEventListener("submit", () => set("password"));
}
