"""The views: guard, load or 404, one verb of the store, answer. Rules live in the store, not here."""
