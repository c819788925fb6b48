// The server writes times in the site's zone; this writes them in the reader's: minutes ago within the last hour, else
// the time of day, with the date unless it is today's. It goes by the server's clock, since the device's may be wrong.

import { steady } from "./steady.js";
import { languageOf, trusted } from "./words.js";

// For older updates the time of day is easier to understand
const RELATIVE_MINUTES = 60;
// ms; "now" lasts a minute
const TICK = 10_000;
// ms; the Date header counts whole seconds, so a smaller difference means nothing
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

// The present moment by the server's clock.
export const now = () => Date.now() + offset;

// The time of day of a moment, with its date unless that is today's, for the gaps of words.js.
export const timeOfDay = (moment = now()) => ({
  toLocaleString(language) {
    const [clock, day] = formatsOf(language);
    return (dayOf(moment) === dayOf(now()) ? "" : `${day(moment)}, `) + clock(moment);
  },
});

// Writes the times below that element in the reader's zone. Can be repeated.
export function localise(root) {
  today = dayOf(now());
  root.querySelectorAll("time").forEach(write);
  root.querySelectorAll(".updates").forEach(days);
}

// Writes the day above its first update in that list. Can be repeated.
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
    // The time of an edit or a retraction follows that of its update: the day is named if it is another.
    later ? (dayOf(moment) === dayOf(before) ? hour : time.title)
    : time.closest(".byline, .coverage, .history") ? time.title
    : young && !time.closest(".by-clock") ? ago.format(-Math.max(0, minutes), minutes > 0 ? "minute" : "second")
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

// Until the server has answered, and if it does not, the device's clock counts.
addEventListener("load", async () => {
  const asked = Date.now();
  const answer = await fetch("/healthz", { method: "HEAD", cache: "no-store" }).catch(() => null);
  const wrong = Date.parse(answer?.headers.get("Date")) + 500 - (asked + Date.now()) / 2;
  if (Math.abs(wrong) > DOUBT) {
    offset = wrong;
    steady(() => localise(document));
  }
});
