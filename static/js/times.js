// The server writes times in the site's zone; here they become the reader's: how long ago while that is short, the
// time of day, and the date unless it is today's. The server's clock counts, since a device's own may be wrong.

import { steady } from "./steady.js";
import { languageOf, trusted } from "./words.js";

// What is older is easier to place by its time of day.
const RELATIVE_MINUTES = 60;
// ms; "now" lasts a minute
const TICK = 10_000;
// ms; the Date header counts whole seconds, so that less is no difference
const DOUBT = 2_000;

// ms
const DAY = 86_400_000;

const formats = {}, ticking = new Set();
let offset = 0, today;

const formatsOf = (language) => (formats[language] ??= [
  new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format,
  new Intl.DateTimeFormat(language, { dateStyle: "long" }).format,
  new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" }),
  new Intl.DateTimeFormat(language, { day: "numeric", month: "long" }).format,
]);
const dayOf = (moment) => new Date(moment).toDateString();

// This moment, by the server's clock.
export const now = () => Date.now() + offset;

// The time of day of a moment, with its date unless it is today's, for the gaps of words.js.
export const timeOfDay = (moment = now()) => ({
  toLocaleString(language) {
    const [clock, day] = formatsOf(language);
    return (dayOf(moment) === dayOf(now()) ? "" : `${day(moment)}, `) + clock(moment);
  },
});

// Makes the times below that element the reader's. May be done again.
export function localise(root) {
  today = dayOf(now());
  root.querySelectorAll("time").forEach(write);
  root.querySelectorAll(".updates").forEach(days);
}

// Writes above the first update of each day in that list which day it is. May be done again.
export function days(list) {
  const [, day, ago, brief] = formatsOf(languageOf(list));
  let above;
  list.querySelectorAll(".on").forEach((line) => line.remove());
  for (const item of list.querySelectorAll(":scope > [data-at]:not(.pending)")) {
    const moment = Date.parse(item.dataset.at), here = dayOf(moment);
    const past = [today, dayOf(now() - DAY)].indexOf(here);
    const date = past < 0 ? day(moment) : `${ago.format(-past, "day")}, ${brief(moment)}`;
    if (here !== above) item.before(Object.assign(document.createElement("li"), { className: "on", role: "none", textContent: date }));
    above = here;
  }
}

function write(time) {
  const [clock, day, ago, brief] = formatsOf(languageOf(time));
  const moment = Date.parse(time.dateTime), date = day(moment), hour = clock(moment);
  const minutes = Math.floor((now() - moment) / 60_000);
  const young = minutes > -2 && minutes < RELATIVE_MINUTES;
  ticking[young ? "add" : "delete"](time);
  time.title = `${date}, ${hour}`;
  const later = time.closest(".edited, .retracted");
  const before = later?.dataset.at ?? time.closest("p")?.querySelector("time").dateTime;
  time.innerHTML = trusted(
    // An edit or a retraction follows its update's time: only another day is named.
    later ? (dayOf(moment) === dayOf(before) ? hour : time.title)
    : time.closest(".byline, .coverage, .history") ? time.title
    : young && !time.closest(".key-events") ? ago.format(-Math.max(0, minutes), minutes > 0 ? "minute" : "second")
    : dayOf(moment) === today ? hour
    : `<span class="day">${time.closest(".updates") ? date : brief(moment)}, </span>${hour}`,
  );
}

function tick() {
  if (today !== dayOf(now())) steady(() => localise(document));
  else ticking.forEach((time) => (time.isConnected ? write(time) : ticking.delete(time)));
}

localise(document);
setInterval(tick, TICK);
document.addEventListener("visibilitychange", tick);

// A device's clock is right more often than not: until the server has answered, and where it does not, it counts.
addEventListener("load", async () => {
  const asked = Date.now();
  const answer = await fetch("/healthz", { method: "HEAD", cache: "no-store" }).catch(() => null);
  const wrong = Date.parse(answer?.headers.get("Date")) + 500 - (asked + Date.now()) / 2;
  if (Math.abs(wrong) > DOUBT) {
    offset = wrong;
    steady(() => localise(document));
  }
});
