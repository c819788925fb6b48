// Who else is at the desk, and what each is editing. This page says over its socket where it is, and is told of all other
// editors' pages. Nothing is locked by it.

import "../../feed.js";
import { emit, on, open } from "../../socket.js";
import { timeOfDay } from "../../times.js";
import { words } from "../../words.js";
import { pageEditor, setText } from "../page.js";

// ms between two heartbeats
const HEARTBEAT = 20_000;
// ms after which a form that was opened stays open
const SETTLED = 200;
// Forms that are named; the server takes no more
const MOST_FORMS = 8;

const own = Number(pageEditor());
const sentences = document.querySelector(".presence-words");
let others = [], said = "", timer, online = false, refused = false;

function whereThisPageIs() {
  const forms = [...document.querySelectorAll("form.edit:not([hidden])")].slice(0, MOST_FORMS);
  const feed = document.querySelector("live-feed")?.getAttribute("feed") ?? forms[0]?.dataset.feed;
  const article = Number(document.querySelector("form.article-form")?.dataset.article) || undefined;
  const submission = Number(document.querySelector("form.review-form")?.dataset.submission) || undefined;
  return { feed, article, submission, updates: forms.map(({ dataset }) => Number(dataset.edits)) };
}

function sayWhere() {
  if (!online || refused) return;
  said = JSON.stringify(whereThisPageIs());
  emit("present", JSON.parse(said), ({ editors, error }) => {
    if (editors) showOthers(editors);
    // A contributor, or nobody any more
    refused = ["sign in", "for editors only"].includes(error);
  });
}

function showOthers(editors) {
  others = editors.filter(({ id }) => id !== own);
  showPresence();
}

function showPresence() {
  const line = document.querySelector(".also-here"), { feed } = whereThisPageIs();
  if (line) {
    const people = feed ? at("feed", feed).map((each) => described(each, feed)) : others.map(({ name }) => name);
    setText(line, people.length ? words(sentences, feed ? "here" : "desk", { people: people.join(" · ") }) : "");
  }
  for (const place of document.querySelectorAll(".editing-now")) {
    const [kind, id] = (place.dataset.of ?? place.closest("[data-for]").dataset.for).split("-");
    const names = at(kind, Number(id)).map(({ name }) => name);
    const sentence = kind === "submission" ? "reading" : names.length > 1 ? "are" : "is";
    setText(place, names.length ? words(sentences, sentence, { people: names.join(", ") }) : "");
  }
  for (const place of document.querySelectorAll(".people-here")) {
    const { feed: slug, article, submission } = place.dataset;
    const [kind, of] = slug ? ["feed", slug] : article ? ["article", Number(article)] : ["submission", Number(submission)];
    const names = at(kind, of).map(({ name }) => name);
    setText(place, names.length ? words(sentences, "now", { people: names.join(", ") }) : "");
  }
}

// The other editors who are at a place of that kind: a feed, an article, an update or a submission.
const at = (kind, value) => others.filter(({ places }) => places.some((place) => place[kind] === value));

// An editor, with the update whose form is open.
function described({ name, places }, feed) {
  const edited = places.find((place) => place.feed === feed && place.update);
  if (!edited) return name;
  const moment = document.getElementById(`update-${edited.update}`)?.dataset.at;
  return moment ? words(sentences, "editing", { name, time: timeOfDay(Date.parse(moment)) }) : words(sentences, "some", { name });
}

// line.js has its handlers there already.
const { connected, event, lost } = on;
Object.assign(on, {
  connected() {
    connected();
    online = true;
    refused = false;
    sayWhere();
  },
  lost() {
    lost();
    online = false;
    showOthers([]);
  },
  event(name, payload) {
    if (name === "desk") showOthers(payload.editors);
    else event(name, payload);
  },
});

if (sentences) {
  new MutationObserver(() => {
    showPresence();
    if (JSON.stringify(whereThisPageIs()) === said) return;
    clearTimeout(timer);
    timer = setTimeout(sayWhere, SETTLED);
  }).observe(document.getElementById("main"), { attributes: true, attributeFilter: ["hidden"], childList: true, subtree: true });
  // A page without a feed has no socket yet, and one whose coverage ended has closed it.
  open();
  setInterval(() => {
    open();
    sayWhere();
  }, HEARTBEAT);
}
