// What became of submissions, as it happens: the counts in the links of every page of the desk, and for other modules
// the event "submissions" on the document, and "scheduled" when what is scheduled has changed. The server sends numbers;
// whoever shows more fetches it.

import "../updates/presence.js";
import { emit, on } from "../../socket.js";
import { words } from "../../words.js";
import { setText } from "../page.js";

const queue = document.querySelector(".to-review"), own = document.querySelector(".returned-to-you");
let known = Number(own?.dataset.changed), plan = own?.dataset.scheduled;

function tell({ waiting, returned, changed, scheduled, error }) {
  // What was read before and arrives later is old
  if (error || changed < known) return;
  // A worker of the release before says nothing of it
  if (scheduled !== undefined && scheduled !== plan) {
    plan = scheduled;
    document.dispatchEvent(new Event("scheduled"));
  }
  if (queue && waiting !== null) setText(queue, words(queue, waiting ? "some" : "none", { count: waiting }));
  own.hidden = !returned;
  setText(own, returned ? words(own, "some", { count: returned }) : "");
  if (changed === known) return;
  known = changed;
  document.dispatchEvent(new Event("submissions"));
}

// presence.js opens the socket, and has its handlers there already.
const { connected, event } = on;
if (own) Object.assign(on, {
  connected() {
    connected();
    emit("review", {}, tell);
  },
  event(name, payload) {
    if (name === "review") tell(payload);
    else event(name, payload);
  },
});
