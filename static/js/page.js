import { LiveFeed } from "./feed.js";

customElements.define("live-feed", LiveFeed);
