"""What the views of signing in share: where the browser comes from and goes to, the form, passkeys of this site."""

import re
from typing import Any

from flask import redirect, render_template, request, url_for

from feed.errors import Missing
from feed.store import passkeys
from feed.store.passkeys import Party
from feed.store.sessions import Visit
from feed.store.steps import Step
from feed.web.cookies import hold_step, session_presented
from feed.web.services import services

# A path of the desk, without characters that could end a header or begin the name of another host.
_INSIDE = re.compile(r"(?!.*//)/desk/[!-\[\]-~]*\Z")


def visit() -> Visit:
    """From where this request comes."""
    return Visit(request.remote_addr or "", request.user_agent.string, session_presented())


def next_page() -> str:
    """Where to go after signing in: a page of the desk, never another site."""
    asked = request.values.get("next", "")
    return asked if _INSIDE.match(asked) else url_for("desk.overview.overview")


def sign_in_page(name: str = "", error: str | None = None) -> str:
    """The form to sign in."""
    return render_template("sign_in.html", name=name, error=error, next=next_page(), party=party())


def second_step(step: Step) -> Any:
    """Sends the browser on to the second factor, and lets it go on with that step."""
    return hold_step(redirect(url_for("second_step.second_step", next=next_page()), 303), step)


def party() -> Party | None:
    """This site, as passkeys know it; None where there are none."""
    return passkeys.party(services().settings.public_url, services().settings.site_name)


def party_here() -> Party:
    """The same. Raises Missing where there are none."""
    here = party()
    if here is None:
        raise Missing("passkeys")
    return here
