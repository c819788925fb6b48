// What this device stores, in IndexedDB: a text is on the disk some milliseconds after it was typed, and outlives a
// browser that is killed. (What is put into localStorage is written to the disk seconds later.) In the store "kept" are
// texts that are being written (kept.js), in "pictures" their pictures, until the site has them (kept_pictures.js), and in
// "outbox" the texts that wait to be published, in their order (outbox.js).

// Raise it with each change of the stores
const VERSION = 3;
const STORES = {
  kept: { keyPath: "address" },
  pictures: { keyPath: "address" },
  outbox: { keyPath: "order", autoIncrement: true },
};

// ms for the database to open; some browsers never say that it does not
const OPENING = 3_000;

let opened;
// The changes that wait until those before them are on the disk
let next = null, last = Promise.resolve();

// Changes the stores. `change` gets the transaction; a later change of the same name that is made before it has begun
// takes its place. Changes made in one task are stored together or not at all. Resolves when they are on the disk, and
// rejects where storage is full or forbidden.
export function write(name, change) {
  next ??= later();
  next.changes.set(name, change);
  return next.done;
}

// What `question`, a request made with the transaction, is answered, after all changes that were made before.
export async function read(question) {
  await last;
  return run("readonly", question);
}

function later() {
  const batch = { changes: new Map() }, before = last;
  batch.done = new Promise((resolve, reject) => {
    batch.begin = () => {
      if (next !== batch) return;
      next = null;
      run("readwrite", (transaction) => {
        for (const change of batch.changes.values()) change(transaction);
      }).then(resolve, reject);
    };
  });
  last = batch.done.catch(() => {});
  before.then(batch.begin);
  return batch;
}

// The page may be gone before those that are under way have ended.
addEventListener("pagehide", () => next?.begin());

// Runs `work` in a transaction, and resolves to the result of the request that it returns, if any.
async function run(mode, work, again = true) {
  try {
    const database = await open();
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(Object.keys(STORES), mode, { durability: "strict" });
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
      const request = work(transaction);
      // Without this a page that is left may take it with it
      transaction.commit?.();
    });
  } catch (error) {
    // Browsers close the database of a page that lay in the background
    if (!again || error.name !== "InvalidStateError") throw error;
    opened = null;
    return run(mode, work, false);
  }
}

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("liveline-desk", VERSION);
    request.onupgradeneeded = () => {
      for (const [name, options] of Object.entries(STORES)) {
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name, options);
      }
    };
    request.onerror = () => reject(request.error);
    setTimeout(reject, OPENING, new DOMException("", "TimeoutError"));
    request.onsuccess = () => {
      // A page of a later release changes the stores
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
  opened.catch(() => (opened = null));
  return opened;
}
