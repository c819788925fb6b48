// Nothing moves under the eyes: whatever is done to the page, what stands at the top of the view stays there, to the
// pixel. By hand, since Safari has no scroll anchoring, and no browser anchors to what is replaced or removed.

const BLOCKS = "p, li, h1, h2, h3, h4, summary, figure, blockquote, pre, table, .feed-head";
// px from one look for a block to the next: less than a line
const STEP = 8;

// px, less than one, by scroller: they scroll by whole pixels, and texts are no whole ones high
const owed = new Map();
// px from the top of the view.
export const topOf = (element) => element.getBoundingClientRect().top;

// Does that, and scrolls by as much as it moved the page, and the rail where that scrolls on its own.
export function steady(act) {
  const rail = document.querySelector(".rail");
  const marks = new Map([[document.scrollingElement, marksIn(document.querySelector(".column, main"), 0)]]);
  if (rail?.scrollTop) marks.set(rail, marksIn(rail, Math.max(0, topOf(rail))));
  for (const scroller of marks.keys()) scroller.style.overflowAnchor = "none";
  act();
  for (const [scroller, seen] of marks) {
    const before = scroller.scrollTop, by = moved(seen) + (owed.get(scroller) ?? 0);
    scroller.scrollTop += by;
    owed.set(scroller, (by - scroller.scrollTop + before) % 1);
    scroller.style.overflowAnchor = "";
  }
}

// What stands at the top of the view, from the smallest block to its neighbours below: the next is for when the ones
// before it are gone.
function marksIn(box, edge) {
  const { left, width } = box.getBoundingClientRect();
  const marks = [];
  let block;
  for (let y = edge + 1; !block && y < innerHeight; y += STEP) {
    block = document.elementsFromPoint(left + width / 2, y).find((each) => each.matches(BLOCKS));
  }
  const home = block?.closest("li[data-at]") ?? block?.closest("[id]");
  for (let each = block, next = home; each && topOf(each) < innerHeight; each = next, next = next?.nextElementSibling) {
    if (each.offsetHeight) marks.push({ each, home, edge, top: topOf(each) });
  }
  return marks;
}

// By how much the first of them moved that is still in view. What was replaced is found by its id, or by its words.
function moved(marks) {
  for (const { each, home, edge, top } of marks) {
    const now = each.isConnected ? each
      : each.id ? document.getElementById(each.id)
      : [...document.querySelectorAll(`#${home?.id} ${each.localName}`)].find((block) => block.textContent === each.textContent);
    if (now?.offsetHeight && top + now.offsetHeight > edge) return topOf(now) - top;
  }
  return 0;
}
