"""The cookies of the desk: one for the session, one for a step of signing in that has begun. Scripts cannot read them.
Readers' pages set none."""

from typing import Any

from flask import request

from feed.store import sessions, steps
from feed.store.sessions import COOKIE, HOST_COOKIE
from feed.store.steps import Purpose, Step
from feed.web.services import services


def start_session(response: Any, token: str) -> Any:
    """Sets the session's cookie in that response."""
    response.set_cookie(
        _session(), token, max_age=sessions.SESSION_SECONDS, httponly=True, samesite="Lax", secure=is_https()
    )
    return response


def end_session(response: Any) -> Any:
    """Deletes the session's cookie in that response."""
    response.delete_cookie(_session(), httponly=True, samesite="Lax", secure=is_https())
    return response


def session_presented() -> str | None:
    """The session token that this request presents, unchecked; None where it has none."""
    return request.cookies.get(_session())


def hold_step(response: Any, step: Step) -> Any:
    """Lets the browser go on with that step."""
    text = steps.sealed(step, services().settings.secret_key)
    response.set_cookie(_step(), text, max_age=steps.VALID_SECONDS, httponly=True, samesite="Strict", secure=is_https())
    return response


def step_held(purpose: Purpose) -> Step:
    """The step that this browser has begun. Raises Missing where there is none for that purpose, or it is over."""
    return steps.opened(request.cookies.get(_step()), services().settings.secret_key, purpose)


def drop_step(response: Any) -> Any:
    """Deletes the step's cookie in that response."""
    response.delete_cookie(_step(), httponly=True, samesite="Strict", secure=is_https())
    return response


def is_https() -> bool:
    """Whether readers reach this site by https."""
    return services().settings.public_url.startswith("https:")


def _session() -> str:
    return HOST_COOKIE if is_https() else COOKIE


def _step() -> str:
    return f"{_session()}-step"
