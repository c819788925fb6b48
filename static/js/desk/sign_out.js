// Signing out leaves nothing on this device: what is typed goes to the site first. Where it cannot, the editor decides.

import { wipeCopies } from "./copies.js";
import { bringAll, wipe } from "./kept.js";

addEventListener("submit", async (event) => {
  const form = event.target, { editor, unsaved } = form.dataset;
  if (!editor) return;
  event.preventDefault();
  if (!(await bringAll(editor)) && !confirm(unsaved)) return;
  await wipe(editor);
  await wipeCopies();
  form.submit();
});
