// The receipt of what was just done: when it was on disk, and to how many sockets the workers have handed it since.

import { words } from "../../words.js";
import { request } from "../answers.js";
import { setText } from "../page.js";

// ms after which the site is asked, one after the other. A worker that has just got its first reader is not waited for,
// so the first three are asked in any case.
const ASKS = [150, 350, 500, 1_000, 2_000, 4_000];
const LEAST = 3;

const place = document.querySelector(".done");

async function follow(line) {
  for (const [count, wait] of ASKS.entries()) {
    await new Promise((next) => setTimeout(next, wait));
    if (!line.isConnected) return;
    try {
      const answer = await request(line.dataset.receipt, { redirect: "error" });
      if (!answer.ok) return;
      const told = await answer.json();
      tell(line, told);
      if (told.milliseconds !== null && !told.waiting && count + 1 >= LEAST) break;
    } catch {
      // What is known so far stays
    }
  }
  line.dataset.state = "ended";
}

function tell(line, { on_disk: at, sockets, followers, milliseconds, waiting }) {
  const seconds = { toLocaleString: (language) => new Date(at).toLocaleTimeString(language, { hourCycle: "h23" }) };
  const said = [words(line, "disk", { time: seconds })];
  if (milliseconds !== null) {
    const name = sockets === followers ? "all" : "some";
    said.push(words(line, name, { count: followers, sockets, milliseconds }) + (waiting ? ` ${line.dataset.soFar}` : ""));
  }
  setText(line, said.join(" · "));
}

function found() {
  const line = place.querySelector("[data-receipt]:not([data-state])");
  if (!line) return;
  line.dataset.state = "asking";
  follow(line);
}

if (place) {
  new MutationObserver(found).observe(place, { childList: true });
  found();
}
