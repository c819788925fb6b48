// Signing out leaves nothing on this device: what is typed, and what waits to be published, goes to the site as drafts first.
// Where it cannot, the editor decides.

import { wipeCopies } from "./copies.js";
import { bring, bringAll, wipe } from "./drafts/kept.js";
import { bringPictures, wipePictures } from "./pictures/kept_pictures.js";
import { removeEntry, waitingOf } from "./outbox/outbox.js";
import { alone } from "./outbox/sender.js";

addEventListener("submit", async (event) => {
  const form = event.target, { editor, unsaved } = form.dataset;
  if (!editor) return;
  event.preventDefault();
  const brought = await Promise.all([bringWaiting(editor), bringAll(editor), bringPictures(editor)]);
  if (!brought.every(Boolean) && !confirm(unsaved)) return;
  await Promise.all([wipe(editor), wipePictures(editor), wipeCopies(), ...(await waitingOf(editor)).map(removeEntry)]);
  form.submit();
});

// Resolves to whether all that waits is at the site. Nothing of it is published meanwhile.
async function bringWaiting(editor) {
  const feeds = new Set((await waitingOf(editor)).map(({ feed }) => feed));
  const brought = await Promise.all([...feeds].map((feed) => alone(feed, async () => {
    const entries = (await waitingOf(editor)).filter((each) => each.feed === feed);
    return Promise.all(entries.map(bringEntry));
  })));
  return brought.flat().every(Boolean);
}

async function bringEntry(entry) {
  // Of a text that was taken back the composer has what counts
  const isThere = !!entry.taken || (await bring(entry));
  if (isThere) await removeEntry(entry);
  return isThere;
}
