// Copies of the desk's pages, which its service worker keeps (worker.js).

// When the site gave this page; undefined on a page that is no copy. The list, the numbers of revisions and the draft of
// a copy are of that time, and are not to be trusted.
export const copiedAt = document.documentElement.dataset.copy;

// Wipes all copies: the session has ended, or is about to. Resolves when nothing is left.
export async function wipeCopies() {
  // What the worker is about to keep it drops.
  navigator.serviceWorker?.controller?.postMessage("wipe");
  await globalThis.caches?.delete("desk pages").catch(() => {});
}
