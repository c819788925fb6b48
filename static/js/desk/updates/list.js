// The lists of updates at the desk, with the tools of each update. A page as readers see it may have two.

// The update that is to be in view as soon as it is in the list.
let toReveal;

const feed = () => document.querySelector("live-feed");
const lists = () => document.querySelectorAll(".desk .updates");
export const list = () => lists()[0];

// Brings what was done into view. A draft's feed is not pushed, so its list is taken from the page that came back.
export function show(page) {
  if (feed().hasAttribute("still")) {
    feed().replaceWith(page.querySelector("live-feed"));
    watch();
  }
  toReveal = page.querySelector(".done")?.dataset.update;
  reveal();
}

export function watch() {
  for (const each of lists()) {
    new MutationObserver(() => tend(each)).observe(each, { childList: true });
    tend(each);
  }
}

function reveal() {
  const update = toReveal && document.getElementById(toReveal);
  if (!update) return;
  toReveal = null;
  update.scrollIntoView({ block: "nearest" });
}

// Puts its tools below every update, also one that was pushed just now. Tools of an update that is gone are removed,
// unless an editor is writing in them.
function tend(list) {
  const blank = document.getElementById("update-tools")?.content.firstElementChild;
  if (!blank) return;
  for (const update of list.querySelectorAll("li.update")) {
    if (update.nextElementSibling?.dataset.for === update.id) continue;
    const tools = list.querySelector(`[data-for="${update.id}"]`) ?? blank.cloneNode(true);
    const id = update.id.split("-")[1];
    tools.dataset.for = update.id;
    for (const link of tools.querySelectorAll("a[href]")) link.setAttribute("href", link.getAttribute("href").replace("/0", `/${id}`));
    for (const form of tools.querySelectorAll(".marks")) form.setAttribute("action", `/desk/updates/${id}/marks`);
    update.after(tools);
  }
  for (const tools of list.querySelectorAll(".update-tools")) {
    if (!list.querySelector(`#${tools.dataset.for}.update`) && !tools.querySelector("form.edit")) tools.remove();
  }
  reveal();
}
