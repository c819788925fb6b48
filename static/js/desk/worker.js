// The service worker of the desk, and of nothing else. It keeps copies of the desk's pages that the site allows to be kept
// (the header Liveline-Copy), each with the files of its release, so that the composer opens without a network. The
// network comes first; a copy is shown when there is none, or when it is slow, and says so. Copies belong to one session:
// they are wiped at signing in and out, and when the session has ended. `self.release` is set by the site.

// ms without an answer, after which the copy is shown
const PATIENCE = 3_000;
// Feeds that an editor covers in a week; a page has 50 kB, and the files of a release 200
const MOST_PAGES = 12;

// Caches: of the copies, of their files, of the pages without a network, and of a sign-out that did not reach the site
const PAGES = "desk pages", FILES = "desk files", LEAVING = "desk sign-out";
const OWN = `desk worker ${self.release}`;
const OFFLINE = "/desk/offline", SIGNED_OUT = "/desk/offline?signed-out";
const SIGN_IN = "/desk/sign-in", SIGN_OUT = "/desk/sign-out";

// Parameters of a feed's address that make it no other page
const SAME = ["did", "draft", "update"];
const COPY = "Liveline-Copy", KEPT_AT = "Liveline-Kept-At";
const FILE = /\/static\/[0-9a-f]{16}\/[\w./-]+/g;

// Counts the wipes: what was on its way to be kept before one is not kept after it.
let wipes = 0;
let turn = Promise.resolve();

// One at a time, so that none takes away the files of another's page.
const inTurn = (work) => (turn = turn.then(work, work));

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(prepare());
});

async function prepare() {
  const cache = await caches.open(OWN);
  for (const address of [OFFLINE, SIGNED_OUT]) {
    const page = await fetch(address);
    await Promise.all(filesOf(await page.clone().text()).map((file) => keepFile(cache, file)));
    await cache.put(address, page);
  }
}

self.addEventListener("activate", (event) => event.waitUntil(begin()));

async function begin() {
  for (const name of await caches.keys()) if (name.startsWith("desk worker") && name !== OWN) await caches.delete(name);
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
  // The pages that are open came before this worker.
  const open = (await self.clients.matchAll()).map(({ url }) => nameOf(new URL(url)));
  await renewAll([...new Set(["/desk/", ...open])].filter(Boolean));
}

self.addEventListener("fetch", (event) => {
  const { request } = event, url = new URL(request.url);
  if (url.pathname.startsWith("/static/")) return event.respondWith(fileOf(request));
  if (request.mode !== "navigate" || !url.pathname.startsWith("/desk/")) return;
  if (request.method === "GET") event.respondWith(visited(event, url));
  else if (url.pathname === SIGN_OUT) event.respondWith(signOut(request));
  else if (url.pathname === SIGN_IN) event.respondWith(signIn(request));
});

self.addEventListener("message", (event) => event.data === "wipe" && event.waitUntil(wipe()));
self.addEventListener("sync", (event) => event.waitUntil(leaveStill()));

// A file of the release that its page has, which the site may not have any more.
const fileOf = async (request) => (await caches.match(request.url)) ?? fetch(request);

async function visited(event, url) {
  if (await caches.has(LEAVING)) {
    return (await leave()) ? Response.redirect(new URL(SIGN_IN, url), 303) : ownPage(SIGNED_OUT);
  }
  const name = nameOf(url), copy = copyOf(name), network = fromNetwork(event, url, name, copy);
  event.waitUntil(network.then(null, () => {}));
  if (!(await copy)) return network.catch(() => ownPage(OFFLINE));
  return (await Promise.race([network, patience()]).catch(() => null)) ?? copy;
}

const patience = () => new Promise((over) => setTimeout(over, PATIENCE, null));
const ownPage = async (address) => (await caches.match(address)) ?? Response.error();

// The answer of the site, of which a copy is kept if that is allowed. Rejects where a copy serves better than what came.
async function fromNetwork(event, url, name, copy) {
  let answer = (await event.preloadResponse) ?? (await fetch(event.request));
  if (answer.type === "opaqueredirect") return answer;
  if (await copy) {
    if (answer.status >= 500) throw answer;
    // A connection may break in the middle of the page.
    answer = rewritten(answer, await answer.text());
  }
  if (url.pathname === SIGN_IN && answer.ok) await wipe();
  // A page with a draft in it, or with the message of what was done, is not as it is without.
  else if (name && !url.search && answer.status < 500) event.waitUntil(keep(name, answer.clone()).then(renewAll));
  return answer;
}

// That answer with another body, of which it does not say how it was compressed.
function rewritten({ status, headers }, body, more = {}) {
  const all = new Headers({ ...Object.fromEntries(headers), ...more });
  for (const each of ["Content-Encoding", "Content-Length"]) all.delete(each);
  return new Response(body, { status, headers: all });
}

// The address under which that page is kept; null for a page that is another each time, such as a search.
function nameOf({ pathname, searchParams }) {
  return [...searchParams.keys()].every((each) => SAME.includes(each)) ? pathname : null;
}

// A copy of that page that says so: scripts find the time at which it came in `data-copy` of the root element.
async function copyOf(name) {
  const copy = name && (await (await caches.open(PAGES)).match(name));
  if (!copy || markOf(copy)[1] < new Date().toISOString()) return null;
  const html = await copy.text();
  return rewritten(copy, html.replace("<html", `<html data-copy="${copy.headers.get(KEPT_AT)}"`));
}

// The session and its end, of an answer that may be kept.
const markOf = (answer) => (answer.headers.get(COPY) ?? "").split(" ");

// Keeps a copy of that page. Resolves to the names of those that are of an earlier release.
function keep(name, answer) {
  const before = wipes;
  return inTurn(async () => {
    const pages = await caches.open(PAGES);
    if (!answer.ok || answer.redirected || !answer.headers.has(COPY)) {
      await pages.delete(name);
      return [];
    }
    const html = await answer.text(), files = await caches.open(FILES);
    await Promise.all(filesOf(html).map((file) => keepFile(files, file)));
    if (wipes !== before) return [];
    await pages.put(name, rewritten(answer, html, { [KEPT_AT]: new Date().toISOString() }));
    return tidy(pages, files, name);
  }).catch(() => []);
}

const filesOf = (html) => [...new Set(html.match(FILE))];

async function keepFile(cache, file) {
  if (await cache.match(file)) return;
  const answer = await fetch(file);
  // While the site is replaced, it answers with a file of another release, which is not to be kept.
  if (!answer.ok || !answer.headers.get("Cache-Control")?.includes("immutable")) throw new Error(`${file} is no file of this release`);
  await cache.put(file, answer);
}

// After that page was kept: takes away copies of other sessions, the oldest, and files that no copy has.
async function tidy(pages, files, name) {
  const kept = await Promise.all((await pages.keys()).map(async (request) => {
    const copy = await pages.match(request);
    return { name: nameOf(new URL(request.url)), mark: markOf(copy)[0], at: copy.headers.get(KEPT_AT), files: filesOf(await copy.text()) };
  }));
  kept.sort((a, b) => (a.at < b.at ? 1 : -1));
  const newest = kept.find((each) => each.name === name);
  const left = kept.filter(({ mark }, place) => mark === newest.mark && place < MOST_PAGES);
  for (const each of kept) if (!left.includes(each)) await pages.delete(each.name);
  const used = new Set(left.flatMap((each) => each.files));
  for (const { url } of await files.keys()) if (!used.has(new URL(url).pathname)) await files.delete(url);
  return left.filter((each) => !each.files.some((file) => newest.files.includes(file))).map((each) => each.name);
}

async function renewAll(names) {
  for (const name of names) await renew(name);
}

async function renew(name) {
  const answer = await fetch(name).catch(() => null);
  if (answer && new URL(answer.url).pathname === SIGN_IN) await wipe();
  else if (answer && answer.status < 500) await keep(name, answer);
}

function wipe() {
  wipes++;
  return caches.delete(PAGES);
}

async function signIn(request) {
  await Promise.all([wipe(), caches.delete(LEAVING)]);
  return fetch(request);
}

async function signOut(request) {
  await wipe();
  try {
    return await fetch(request);
  } catch {
    // The site learns it as soon as there is a network; until then no page is shown.
    await (await caches.open(LEAVING)).put(SIGN_OUT, new Response());
    self.registration.sync?.register("sign-out").catch(() => {});
    return ownPage(SIGNED_OUT);
  }
}

// Somebody may have signed in since.
const leaveStill = async () => (await caches.has(LEAVING)) && leave();

// Ends the session of somebody who signed out without a network. Resolves to whether that is done: then the site asks to
// sign in. In trouble it answers with something else, and so does a network in which one has to sign in first.
async function leave() {
  try {
    const { ok, url } = await fetch(SIGN_OUT, { method: "POST" });
    return ok && new URL(url).pathname === SIGN_IN && (await caches.delete(LEAVING));
  } catch {
    return false;
  }
}
