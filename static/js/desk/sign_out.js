// Signing out leaves nothing on this device: what is typed goes to the site first. Where it cannot, the editor decides.

import { wipeCopies } from "./copies.js";
import { bringAll, wipe } from "./kept.js";
import { bringPictures, wipePictures } from "./kept_pictures.js";

addEventListener("submit", async (event) => {
  const form = event.target, { editor, unsaved } = form.dataset;
  if (!editor) return;
  event.preventDefault();
  const brought = await Promise.all([bringAll(editor), bringPictures(editor)]);
  if (!brought.every(Boolean) && !confirm(unsaved)) return;
  await Promise.all([wipe(editor), wipePictures(editor), wipeCopies()]);
  form.submit();
});
