"""Renders an update while it is being brought to the disk. The loop has nothing else to do for its request meanwhile,
and then neither the answer nor the push has to wait for the HTML.

Nothing is shown before the commit: the renderer remembers what it has rendered by its content, and if the commit fails,
nobody asks for it.
"""

from collections.abc import Callable

from feed.render.updates import Renderer
from feed.store.updates import Update
from feed.threads import loop_caller


def ahead(render: Renderer) -> Callable[[object], None]:
    """Returns what `Store.before_commit` is to call. It must be made on the loop."""
    call = loop_caller()

    def begin(result: object) -> None:
        if isinstance(result, Update) and not result.gone:
            call(render.update, result)

    return begin
