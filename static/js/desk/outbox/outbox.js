// The texts of this device that wait to be published, each with all that is sent and the id of its draft, which makes
// sending it again idempotent. The order in which they are sent is that in which they were put in. A text that is taken
// back into the composer keeps its place, and those after it wait until it is published or discarded.

import { read, write } from "../device.js";

// Other tabs of this browser show the same texts.
const channel = globalThis.BroadcastChannel && new BroadcastChannel("liveline outbox");
if (channel) channel.onmessage = ({ data: published }) => {
  announce();
  if (published) document.dispatchEvent(new CustomEvent("outbox-published-elsewhere", { detail: published }));
};

// All texts of that editor that wait, the first to be sent first, as far as the device can tell.
export async function waitingOf(editor) {
  const all = await read((stores) => stores.objectStore("outbox").getAll()).catch(() => []);
  return all.filter((each) => each.editor === editor);
}

export const waitingIn = async (editor, feed) => (await waitingOf(editor)).filter((each) => each.feed === feed);

// Stores a text, in its place if it has one. Rejects where the device cannot.
export const putEntry = (entry) => change(entry, (outbox) => outbox.put(entry));

export const removeEntry = (entry) => change(entry, (outbox) => outbox.delete(entry.order));

async function change({ draft }, work) {
  await write(`outbox ${draft}`, (stores) => work(stores.objectStore("outbox")));
  channel?.postMessage(null);
  announce();
}

// Other tabs learn that a text of that feed was published, and when.
export const tellOthers = (feed, at) => channel?.postMessage({ feed, at });

// What waits, or what becomes of it, has changed.
export function announce() {
  document.dispatchEvent(new Event("outbox"));
}
