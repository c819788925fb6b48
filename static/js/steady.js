// Scroll anchoring: whatever changes on the page, the block at the top of the view stays there, to the pixel. Safari
// has none of its own, and no browser anchors to a block that is replaced or removed.

const BLOCKS = "p, li, h1, h2, h3, h4, summary, figure, blockquote, pre, table, .feed-head";
// px between two points at which a block is looked for: less than a line
const STEP = 8;

// px, less than one, by scroller: a scroll position is a whole number, and the height of a text is not
const owed = new Map();
// The top of an element in the view, in px.
export const topOf = (element) => element.getBoundingClientRect().top;

// Runs `act`, and then scrolls the page by as much as the block moved; the rail too if that scrolls on its own.
export function steady(act) {
  const rail = document.querySelector(".rail");
  const anchors = new Map([[document.scrollingElement, anchorsIn(document.querySelector(".column, main"), 0)]]);
  if (rail?.scrollTop) anchors.set(rail, anchorsIn(rail, Math.max(0, topOf(rail))));
  for (const scroller of anchors.keys()) scroller.style.overflowAnchor = "none";
  act();
  for (const [scroller, seen] of anchors) {
    const before = scroller.scrollTop, by = moved(seen) + (owed.get(scroller) ?? 0);
    scroller.scrollTop += by;
    owed.set(scroller, (by - scroller.scrollTop + before) % 1);
    scroller.style.overflowAnchor = "";
  }
}

// The blocks at the top of the view: the smallest one, then its neighbours below, for when the ones before are gone.
function anchorsIn(box, edge) {
  const { left, width } = box.getBoundingClientRect();
  const anchors = [];
  let block;
  for (let y = edge + 1; !block && y < innerHeight; y += STEP) {
    block = document.elementsFromPoint(left + width / 2, y).find((each) => each.matches(BLOCKS));
  }
  const home = block?.closest("li[data-at]") ?? block?.closest("[id]");
  for (let each = block, next = home; each && topOf(each) < innerHeight; each = next, next = next?.nextElementSibling) {
    if (each.offsetHeight) anchors.push({ each, home, edge, top: topOf(each) });
  }
  return anchors;
}

// By how many px the first of them moved that is still in view. A block that was replaced is found by its id or its
// text.
function moved(anchors) {
  for (const { each, home, edge, top } of anchors) {
    const now = each.isConnected ? each
      : each.id ? document.getElementById(each.id)
      : [...document.querySelectorAll(`#${home?.id} ${each.localName}`)].find((block) => block.textContent === each.textContent);
    if (now?.offsetHeight && top + now.offsetHeight > edge) return topOf(now) - top;
  }
  return 0;
}
