// Highlights the words of a search in its results. It changes nothing in the updates: browsers that know how to paint
// the highlights, https://developer.mozilla.org/en-US/docs/Web/API/CSS_Custom_Highlight_API

// Scripts without spaces between words
const SIGN = "[\\u0e01-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005-\\u9fff\\uac00-\\ud7a3]";
const WORD = `(?:(?!${SIGN})[\\p{L}\\p{M}\\p{N}\\xad])+`;

const list = document.querySelector("[shows=found] .updates");
const asked = document.querySelector("[name=q]")?.value.match(RegExp(`${SIGN}+|${WORD}`, "gu"));

if (list && asked && window.Highlight) {
  const any = RegExp([...asked.filter((word) => RegExp(SIGN).test(word)), WORD].join("|"), "gu");
  // The search ignores case and accents, in every language.
  const { compare } = new Intl.Collator("en", { sensitivity: "base" });
  const marks = new Highlight();
  const mark = () => {
    marks.clear();
    for (const text of list.querySelectorAll(".update :is(h3, .text)")) {
      const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
      for (let node; (node = nodes.nextNode());) {
        for (const { 0: word, index } of node.data.matchAll(any)) {
          if (!asked.some((each) => !compare(each, word))) continue;
          const range = new Range();
          range.setStart(node, index);
          range.setEnd(node, index + word.length);
          marks.add(range);
        }
      }
    }
  };
  CSS.highlights.set("found", marks);
  new MutationObserver(mark).observe(list, { childList: true, subtree: true });
  mark();
}
