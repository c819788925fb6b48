// What became of submissions, as it happens: the counts in the links of every page of the desk, and for other modules
// the event "submissions" on the document. The server sends numbers; whoever shows more fetches it.

import "../updates/presence.js";
import { emit, on } from "../../socket.js";
import { words } from "../../words.js";
import { setText } from "../page.js";

const queue = document.querySelector(".to-review"), own = document.querySelector(".returned-to-you");
let known = Number(own?.dataset.changed);

function tell({ waiting, returned, changed, error }) {
  // What was read before and arrives later is old
  if (error || changed < known) return;
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
