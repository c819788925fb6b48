// The fields of the desk's forms.

// The fields that hold words.
export const texts = (form) => [...form.querySelectorAll("input[type=text], textarea:not([readonly])")];

// What they hold, as [name, value].
export const wordsOf = (form) => texts(form).map(({ name, value }) => [name, value]);

// Whether the form came back with a reason or with somebody else's text: then the site does not have its content.
export const cameBack = (form) => form.matches(":has([aria-invalid], .conflict)");

// Whether the form has any text that the site does not have.
export const dirty = (form) => texts(form).some(({ value, defaultValue }) => value !== (cameBack(form) ? "" : defaultValue));

// All that an editor wrote or chose, as [name, value, checked], to be stored and compared.
export const typedIn = (form) => editable(form).map(({ name, value, checked, type }) => (isChoice(type) ? [name, value, checked] : [name, value]));

// Puts that into the form.
export function fill(form, typed) {
  for (const [name, value, checked] of typed) {
    const field = editable(form).find((each) => each.name === name && (checked === undefined || each.value === value));
    if (!field) continue;
    if (isChoice(field.type)) field.checked = checked;
    else field.value = value;
  }
}

const isChoice = (type) => type === "checkbox" || type === "radio";
const editable = (form) =>
  [...form.elements].filter(({ name, type, readOnly }) => name && !readOnly && !["hidden", "file", "submit", "button"].includes(type));
