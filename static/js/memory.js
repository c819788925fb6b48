// What this device remembers of its reader, and tells nobody. Storage may be forbidden or full: then it is nothing.

export function recall(key, storage = "localStorage") {
  try { return window[storage][key]; } catch { return null; }
}

export function remember(key, value, storage = "localStorage") {
  try { window[storage][key] = value; } catch { /* not remembered, then */ }
}
