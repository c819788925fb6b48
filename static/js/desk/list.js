// The list of updates at the desk, with the tools of each.

// The update that is to be in view as soon as it is in the list.
let wanted;

const feed = () => document.querySelector("live-feed");
export const list = () => document.querySelector(".desk .updates");

// What was done is in view. Nobody pushes a draft's feed, so its list is that of the page that came back.
export function show(page) {
  if (feed().hasAttribute("still")) {
    feed().replaceWith(page.querySelector("live-feed"));
    watch();
  }
  wanted = page.querySelector(".done")?.dataset.update;
  reveal();
}

export function watch() {
  new MutationObserver(tend).observe(list(), { childList: true });
  tend();
}

function reveal() {
  const update = wanted && document.getElementById(wanted);
  if (!update) return;
  wanted = null;
  update.scrollIntoView({ block: "nearest" });
}

// Every update has its tools below it, also one that was pushed just now. Tools of an update that is gone go too,
// unless an editor is writing in them.
function tend() {
  const blank = document.getElementById("update-tools")?.content.firstElementChild;
  if (!blank) return;
  for (const update of list().querySelectorAll("li.update")) {
    if (update.nextElementSibling?.dataset.for === update.id) continue;
    const tools = list().querySelector(`[data-for="${update.id}"]`) ?? blank.cloneNode(true);
    const id = update.id.split("-")[1];
    tools.dataset.for = update.id;
    for (const link of tools.querySelectorAll("a[href]")) link.setAttribute("href", link.getAttribute("href").replace("/0", `/${id}`));
    for (const form of tools.querySelectorAll(".marks")) form.setAttribute("action", `/desk/updates/${id}/marks`);
    update.after(tools);
  }
  for (const tools of list().querySelectorAll(".update-tools")) {
    if (!list().querySelector(`#${tools.dataset.for}.update`) && !tools.querySelector("form.edit")) tools.remove();
  }
  reveal();
}
