"""What another site puts into its page to show a feed of ours in a frame."""

from flask import render_template

from feed.store.feeds import Feed

WIDTH = 736  # pixels, at most, when the other site does not say: as wide as a feed's own page
HEIGHT = 600  # pixels, until the frame has told its own, and where the other site runs no script of ours


def snippet(feed: Feed, width: int = WIDTH, height: int = HEIGHT, max_height: int | None = None) -> str:
    """The HTML that another site puts into its page; sizes in pixels."""
    return render_template("_snippet.html", feed=feed, width=width, height=height, max_height=max_height).strip()
