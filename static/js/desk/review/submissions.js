// What a form or the page of a submission says of it, kept current: an author learns that a text was returned, or did not
// come out, and an editor that somebody else has decided on it, or that its author has submitted another one. Nothing that
// is typed is touched.

import { trusted } from "../../words.js";
import { localise } from "../../times.js";
import { request, turnAt } from "../answers.js";

async function renew(place, address) {
  const isNewest = turnAt(place);
  try {
    const answer = await request(address, { redirect: "error" });
    if (!answer.ok) return;
    const html = answer.status === 204 ? "" : await answer.text();
    // What is written again is announced again
    if (!isNewest() || place.dataset.from === html) return;
    place.dataset.from = html;
    place.innerHTML = trusted(html);
    localise(place);
  } catch {
    // The site does not answer: what it says when the form is sent counts
  }
}

document.addEventListener("tidings", () => {
  for (const place of document.querySelectorAll(".of-submission")) {
    const draft = place.closest("form").elements.draft_id?.value;
    if (draft) renew(place, `/desk/submissions/${draft}`);
  }
  const state = document.querySelector(".review-state[data-state-of]");
  if (state) renew(state, state.dataset.stateOf);
});
