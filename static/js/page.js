import { LiveFeed } from "./feed.js";
import { comeBack } from "./reload.js";
import { localise } from "./times.js";

// What is outside of the feeds, such as the byline
localise(document);
customElements.define("live-feed", LiveFeed);
if (document.querySelector("[data-come-back]")) comeBack();
