"""Liveline: an article page with a live news feed. The floors are named in the README; imports go downward."""
