// Sharing an update: by the device's own means where it has some, else its address is copied. Elsewhere the link is
// a link.

import { say } from "./aloud.js";

// ms for which "Copied" is to be read
const SAID = 3_000;

export function share(event, { href, dataset }) {
  const copied = () => {
    say((dataset.said = document.querySelector(".aloud").dataset.copied));
    setTimeout(() => delete dataset.said, SAID);
  };
  // Who thinks better of it is no error.
  if (navigator.share) navigator.share({ url: href }).catch(() => null);
  else if (navigator.clipboard) navigator.clipboard.writeText(href).then(copied, () => location.assign(href));
  else return;
  event.preventDefault();
}
