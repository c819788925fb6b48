// External posts: puts the frame of another site into its card, when a reader has pressed the button there. Until then
// the page asks that site for nothing, and so this script is loaded at the first press.
//
// The frame is in a shadow tree, so the card's own HTML stays as the server sends it. An edit that leaves the card as it
// is leaves the frame too, and any other change of it removes both (morph.js).

// What these frames need: to run, to keep a sign-in of their own site, to open it in another tab, to cast a video.
const SANDBOX = "allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-presentation";
const VIDEO = "fullscreen; encrypted-media; picture-in-picture";
// YouTube plays nothing for a page that does not say of which site it is. The others do, and are not told.
const WANTS_ORIGIN = "https://www.youtube-nocookie.com/";

// The frame has its full size at once, so that nothing moves when it has loaded.
const styles = new CSSStyleSheet();
styles.replaceSync(`
  iframe { display: block; width: 100%; border: 0; background: var(--panel) }
  iframe:focus-visible { outline: 2px solid; outline-offset: 2px }
  :host(.wide) iframe { aspect-ratio: 16/9 }
  :host(.tall) iframe { width: min(100%, 21rem); margin-inline-end: max(0rem, 100% - 21rem); height: 37rem; max-height: 85vh }
  :host(.post) iframe { max-width: 34rem; height: 32rem; max-height: 85vh }
  @media print { iframe { display: none } }
`);

// Loads the post whose button that event is of, and gives its frame the focus.
export function load({ target }) {
  const card = target.parentElement;
  if (card.shadowRoot) return;
  const frame = document.createElement("iframe"), address = document.createElement("slot");
  const source = card.dataset.of;
  frame.title = card.firstElementChild.textContent;
  frame.sandbox = SANDBOX;
  frame.allow = card.matches(".post") ? "fullscreen" : VIDEO;
  frame.referrerPolicy = source.startsWith(WANTS_ORIGIN) ? "strict-origin-when-cross-origin" : "no-referrer";
  frame.src = source;
  address.name = "address";
  // A folded text would cut the frame off
  for (const fold of [card.closest("details"), card.parentElement.previousElementSibling]) {
    if (fold?.matches("details")) fold.open = true;
  }
  const shadow = card.attachShadow({ mode: "open" });
  shadow.adoptedStyleSheets = [styles];
  shadow.append(frame, address);
  frame.focus({ preventScroll: true });
}
