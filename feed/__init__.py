"""Liveline: an article page with a live news feed. docs/architecture.md names the layers; imports go
downward."""
