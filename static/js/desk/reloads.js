// When a page of the desk is loaded anew, and whether its editor is still signed in.

import "../feed.js";
import { request } from "./answers.js";
import { dirty } from "./fields.js";
import { warn, warns } from "./messages.js";

// Whether the page is to be loaded anew when nobody types.
let outdated = false;

// Loads the page anew if it is outdated and no text would be lost.
export function freshen() {
  if (outdated && !unsaved()) location.reload();
}

const unsaved = () => [...document.querySelectorAll("form[data-keep]")].some(dirty);
// A field that is merely focused, as the composer is on load, holds nothing that could be lost.
const writing = () => (document.activeElement?.matches("input[type=text], textarea") && !!document.activeElement.value) || unsaved();

// A page that has to be loaded anew waits while its editor writes.
const Feed = customElements.get("live-feed").prototype;
const { reload } = Feed;
Feed.reload = function () {
  loadAnew(() => reload.call(this));
};

// Loads the page anew in that way, or later if the editor writes.
export function loadAnew(load = () => location.reload()) {
  if (!writing()) return load();
  outdated = true;
  warn("outdated");
}

// The server closes the socket of a session that ends. So when the socket closes, the page asks whether its editor is
// still signed in, and can say so before a text is sent; where no answer comes, it asks when the page is live again.
const { show: shown } = Feed;
let unsure = false;
Feed.show = function (state) {
  shown.call(this, state);
  unsure ||= state === "offline";
  if (unsure && state !== "catching-up") stillSignedIn();
};

async function stillSignedIn() {
  try {
    const { type } = await request("/desk/", { method: "HEAD", redirect: "manual" });
    unsure = false;
    if (type === "opaqueredirect") warn("signedOut");
    else if (warns("signedOut")) warn(null);
  } catch {
    // Offline: the next state asks again
  }
}
