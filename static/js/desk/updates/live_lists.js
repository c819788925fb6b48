// The lists on the desk's first page follow what is done elsewhere: on a phone, by another editor, by readers who come.
// The page is fetched again, and what differs is changed. So it is of what is scheduled in a feed, which has an address.

import { morph } from "../../morph.js";
import { localise } from "../../times.js";
import { isSignIn, pageIn, request, turnAt } from "../answers.js";
import { copiedAt } from "../copies.js";

// ms between two looks, while the page is in view
const EVERY = 10_000;

const lists = document.querySelector(".desk-lists");
let timer;

// Nothing moves while an editor writes.
const writing = () => document.activeElement?.matches("input, textarea") && !!document.activeElement.value;

async function look() {
  clearTimeout(timer);
  timer = setTimeout(look, EVERY);
  if (document.hidden || writing()) return;
  const isNewest = turnAt(lists);
  try {
    const { from } = lists.dataset, answer = await request(from ?? location.pathname);
    // In a feed there may be a text in the composer
    if (isSignIn(answer)) return from || location.reload();
    const page = await pageIn(answer);
    if (answer.ok && !writing() && isNewest()) renew(page.querySelector(".desk-lists"));
  } catch {
    // No network: the next look may find one
  }
}

function renew(fresh) {
  const focused = document.activeElement, within = lists.contains(focused), row = focused?.closest("li[id]");
  const place = row && controls(row).indexOf(focused);
  localise(fresh);
  fresh.remove();
  morph(lists, fresh);
  if (!within || focused.isConnected) return;
  // Its row has another place now, or none
  const again = row && document.getElementById(row.id);
  ((again && controls(again)[place]) ?? lists).focus({ preventScroll: true });
}

const controls = (row) => [...row.querySelectorAll("a, button")];

if (lists && !copiedAt) {
  timer = setTimeout(look, EVERY);
  document.addEventListener("visibilitychange", look);
  // Of what was submitted, or is scheduled
  document.addEventListener("tidings", look);
}
