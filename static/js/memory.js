// What this device stores about its reader; it is sent to nobody. If storage is forbidden or full, nothing is stored.

export function recall(key, storage = "localStorage") {
  try { return window[storage][key]; } catch { return null; }
}

export function remember(key, value, storage = "localStorage") {
  try { window[storage][key] = value; } catch { /* not stored */ }
}
