// The helper for pictures: a dialog with those that were uploaded, of which one is put into the text.

import { isSignIn, pageIn, request } from "../answers.js";
import { replace } from "../writing/insert.js";
import { warn } from "../messages.js";

export async function choosePicture(area) {
  const dialog = area.closest(".field").querySelector("dialog");
  try {
    const answer = await request("/desk/pictures");
    if (isSignIn(answer) || !answer.ok) return warn(isSignIn(answer) ? "signedOut" : "refused");
    const shelf = (await pageIn(answer)).querySelectorAll(".shelf li");
    dialog.querySelector(".choices").replaceChildren(...[...shelf].map((each) => choice(each, area, dialog)));
    dialog.showModal();
  } catch {
    warn("unreachable");
  }
}

function choice(shown, area, dialog) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.append(shown.querySelector("img"));
  button.addEventListener("click", () => {
    dialog.close();
    const text = shown.querySelector("code").textContent;
    // After what is selected, not in its place.
    area.setSelectionRange(area.selectionEnd, area.selectionEnd);
    replace(area, { text, from: text.length, apart: true });
  });
  item.append(button);
  return item;
}

addEventListener("click", ({ target }) => {
  if (target.matches(".pictures-dialog .close")) target.closest("dialog").close();
});
