"""Makes Markdown of what was pasted in a process of its own, with limits of memory and time: HTML from anywhere can
be made so that any parser takes very long, and the worker has readers to serve meanwhile."""

import json
import sys

from feed import child
from feed.errors import Invalid, Message, Reason

MEMORY_BYTES = 512 * 1024**2  # ten times what half a megabyte of a long document takes
CPU_SECONDS = 8  # a long document takes one on a slow machine
WALL_SECONDS = 12  # less than the desk's script waits for an answer


def to_markdown(html: str) -> str:
    """Returns the Markdown for pasted HTML. Call it on a native thread: it starts a process and waits for it. Raises
    Invalid on "html" when that takes too much memory or time."""
    answer = child.run("feed.paste.process", html.encode())
    try:
        return str(json.loads(answer)["markdown"])
    except ValueError:
        raise Invalid(Reason("html", Message("This takes too long to clean up; paste less of it at a time."))) from None


def main() -> None:
    """The process: sets its limits, then reads the HTML."""
    child.limit(MEMORY_BYTES, CPU_SECONDS, WALL_SECONDS)
    from feed.paste import blocks, tidy

    markdown = blocks.to_markdown(tidy.tidied(sys.stdin.buffer.read().decode()))
    sys.stdout.write(json.dumps({"markdown": markdown}))


if __name__ == "__main__":
    main()
