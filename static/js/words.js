// The page's words stand in its templates, with {gaps}, and once for each plural form where they count something.

const written = document.documentElement.lang;
// The order in which the server writes a date.
export const language = written === "en" ? "en-GB" : written;
const plural = new Intl.PluralRules(language);

// The words which that element keeps under that name, with those values in their gaps.
export function words(element, name, values = {}) {
  const form = (end) => element.getAttribute(`data-${name}${end}`);
  const found = form("") ?? form(`-${plural.select(values.count ?? 0)}`) ?? form("-other") ?? "";
  return found.replace(/{(\w+)}/g, (_, gap) => values[gap].toLocaleString(language));
}
