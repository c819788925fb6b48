// The line that says how many are reading, and since when there is nothing new.

import "../../feed.js";
import { localise } from "../../times.js";
import { trusted } from "../../words.js";
import { request, turnAt } from "../answers.js";

// ms between two looks when nothing is heard; a peak of others comes with the number of readers
const LOOK = 30_000;
// ms in which what was heard together is one look
const TOGETHER = 500;

const line = () => document.querySelector(".reading");
const address = `${location.pathname}/reading`;
let timer;

function soon(wait) {
  clearTimeout(timer);
  timer = setTimeout(look, wait);
}

async function look() {
  soon(LOOK);
  if (document.hidden) return;
  const { parentElement: place } = line(), isNewest = turnAt(place);
  try {
    const answer = await request(address, { redirect: "error" });
    if (!answer.ok) return;
    const html = trusted(await answer.text());
    if (!isNewest()) return;
    line().outerHTML = html;
    localise(place);
  } catch {
    // The site does not answer: the line stays as it is
  }
}

if (line()) {
  const Feed = customElements.get("live-feed").prototype;
  for (const name of ["put", "count"]) {
    const { [name]: heard } = Feed;
    Feed[name] = function (...given) {
      heard.apply(this, given);
      soon(TOGETHER);
    };
  }
  document.addEventListener("visibilitychange", () => document.hidden || soon(0));
  soon(LOOK);
}
