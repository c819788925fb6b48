// The server writes times in the site's zone; here they become the reader's, and today's date is left out.

const lang = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang; // the server's order
const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(lang, { day: "numeric", month: "long", year: "numeric" });

// The times below that element, in the reader's zone.
export function localise(root) {
  const today = day.format(Date.now());
  for (const time of root.querySelectorAll(".byline time:not(.edited time), .coverage time")) {
    time.textContent = `${day.format(new Date(time.dateTime))}, ${clock.format(new Date(time.dateTime))}`;
  }
  for (const time of root.querySelectorAll(".when time, .pinned time, .byline .edited time")) {
    const moment = new Date(time.dateTime);
    const date = day.format(moment);
    const dated = time.querySelector(".day");
    time.title = `${date}, ${clock.format(moment)}`;
    time.textContent = clock.format(moment);
    if (!dated || date === today) continue;
    dated.textContent = `${date}, `;
    time.prepend(dated);
  }
}

// This moment's time of day.
export const timeOfDay = () => clock.format(Date.now());
