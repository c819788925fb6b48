// The page's words stand in its templates, with {gaps}, and once for each plural form where they count something.

// The language in which an element is written. English is Britain's, for the order in which the server writes a date.
export function languageOf(element) {
  const { lang } = element.closest("[lang]");
  return lang === "en" ? "en-GB" : lang;
}

// The words which that element keeps under that name, with those values in their gaps.
export function words(element, name, values = {}) {
  const language = languageOf(element);
  const form = (end) => element.getAttribute(`data-${name}${end}`);
  const plural = new Intl.PluralRules(language).select(values.count ?? 0);
  const found = form("") ?? form(`-${plural}`) ?? form("-other") ?? "";
  return found.replace(/{(\w+)}/g, (_, gap) => values[gap].toLocaleString(language));
}

// Of HTML that is the site's own: browsers that know Trusted Types take no other.
const own = globalThis.trustedTypes?.createPolicy("liveline", { createHTML: (html) => html });
export const trusted = (html) => own?.createHTML(html) ?? html;
