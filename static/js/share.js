// Shares an update with the device's own dialogue, or copies its address. In other browsers the link is followed.

import { say } from "./aloud.js";

// ms for which "Copied" is shown
const SAID = 3_000;

export function share(event, { href, dataset }) {
  const copied = () => {
    say((dataset.said = document.querySelector(".aloud").dataset.copied));
    setTimeout(() => delete dataset.said, SAID);
  };
  // Closing the dialogue is no error.
  if (navigator.share) navigator.share({ url: href }).catch(() => null);
  else if (navigator.clipboard) navigator.clipboard.writeText(href).then(copied, () => location.assign(href));
  else return;
  event.preventDefault();
}
