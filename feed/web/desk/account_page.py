"""The page of an editor's account, which several forms come back to when they are refused."""

from flask import g, render_template, request

from feed.errors import Invalid, by_field
from feed.store import passkeys, second_factor, sessions
from feed.web.desk.done import done_in
from feed.web.services import services
from feed.web.way_in import party


def account_page(error: Invalid | None = None) -> str:
    """The page, with why a form of it was refused."""
    with services().store.read() as db:
        values = {
            "sessions": sessions.of_editor(db, g.editor),
            "factors": second_factor.of_editor(db, g.editor.id),
            "passkeys": passkeys.of_editor(db, g.editor.id),
            "done": done_in(db, request.args),
        }
    needed = services().settings.needs_second_factor(g.editor.role)
    return render_template(
        "desk/account.html",
        **values,
        errors=by_field(error),
        party=party(),
        needed=needed,
        zone=services().settings.timezone.key,
        use_minutes=sessions.USE_SECONDS // 60,
    )
