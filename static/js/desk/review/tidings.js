// What became of submissions, and of what is scheduled, as it happens: the counts in the links of every page of the desk
// and, for other modules, the event "tidings" on the document. The server sends numbers; whoever shows more fetches it.

import "../updates/presence.js";
import { emit, on } from "../../socket.js";
import { words } from "../../words.js";
import { setText } from "../page.js";

const queue = document.querySelector(".to-review"), own = document.querySelector(".returned-to-you");
let known = Number(own?.dataset.changed), plan = own?.dataset.scheduled, told = false;

function tell({ waiting, returned, changed, scheduled, error }) {
  if (error) return;
  if (queue && waiting !== null) setText(queue, words(queue, waiting ? "some" : "none", { count: waiting }));
  own.hidden = !returned;
  setText(own, returned ? words(own, "some", { count: returned }) : "");
  if (changed === known && scheduled === plan) return;
  // Not only upwards: what is old is forgotten, and a backup may be restored
  known = changed;
  plan = scheduled;
  document.dispatchEvent(new Event("tidings"));
}

// presence.js opens the socket, and has its handlers there already.
const { connected, event } = on;
if (own) Object.assign(on, {
  connected() {
    connected();
    told = false;
    // What is told is newer than the answer, which it may overtake
    emit("review", {}, (answer) => told || tell(answer));
  },
  event(name, payload) {
    if (name !== "review") return event(name, payload);
    told = true;
    tell(payload);
  },
});
