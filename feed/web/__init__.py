"""The views. Each checks who asks, loads what is asked for or answers 404, calls one verb of the store, and answers.
Rules are the store's."""
