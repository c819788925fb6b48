// The server writes times in the site's zone; here they become the reader's, and today's date is left out.

const clock = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "long" });
const full = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeStyle: "short" });

// Every update's times below that element, in the reader's zone.
export function localise(root) {
  const today = day.format(Date.now());
  for (const time of root.querySelectorAll(".when time, .pinned time")) {
    const moment = new Date(time.dateTime);
    const date = day.format(moment);
    const dated = time.querySelector(".day") && date !== today;
    time.textContent = dated ? `${date}, ${clock.format(moment)}` : clock.format(moment);
    if (dated) time.className = "dated";
    time.title = full.format(moment);
  }
}
