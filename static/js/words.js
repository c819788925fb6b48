// The sentences of scripts are in the templates' data attributes, with {names} for values, and for each plural form.

// The language of an element. English is British, because of the order in which the server writes a date.
export function languageOf(element) {
  const { lang } = element.closest("[lang]");
  return lang === "en" ? "en-GB" : lang;
}

// The sentence in `data-<name>` of the element, or in its plural form by `count`, with the values filled in.
export function words(element, name, values = {}) {
  const language = languageOf(element);
  const form = (end) => element.getAttribute(`data-${name}${end}`);
  const plural = new Intl.PluralRules(language).select(values.count ?? 0);
  const found = form("") ?? form(`-${plural}`) ?? form("-other") ?? "";
  return found.replace(/{(\w+)}/g, (_, gap) => values[gap].toLocaleString(language));
}

// Marks HTML of this site as trusted, without which browsers with Trusted Types refuse it.
const own = globalThis.trustedTypes?.createPolicy("liveline", { createHTML: (html) => html });
export const trusted = (html) => own?.createHTML(html) ?? html;
