"""The sockets of editors' pages in one worker: which sessions opened them, and the desk's room. A reader node has
none."""

from collections.abc import Callable, Collection
from typing import Any

from feed.errors import Missing
from feed.live.desk import Desk, places_in
from feed.live.gate import Gate, SiteSocketIO
from feed.live.review import Review
from feed.live.signed_in import SignedIn
from feed.store import permissions
from feed.store.database import OperationalError, Store
from feed.store.verbs import Verb

DESK = "desk"  # the room of editors' pages; the rooms of feeds begin with "feed "


class Editors:
    """Knows the editors' sockets, closes them when their session ends, and tells them who is at the desk."""

    def __init__(self, store: Store, secret_key: bytes, strict_roles: Collection[str]) -> None:
        self._signed_in = SignedIn(store, secret_key, strict_roles)
        self._review = Review(store, self._signed_in, self._tell_of_review)
        self._desk = Desk(store, self._tell, self._review)

    def attach(self, socketio: SiteSocketIO, start: Callable[[], None]) -> None:
        """Takes the events `present` and `review` of that socket. `start` starts the channel's background work."""
        self._socketio = socketio
        self._start = start
        socketio.server.on("present", self._present)
        socketio.server.on("review", self._enter_review)

    def __contains__(self, sid: str) -> bool:
        return sid in self._signed_in

    def enter(self, sid: str, cookies: str) -> bool:
        """See SignedIn."""
        return self._signed_in.enter(sid, cookies)

    def leave(self, sid: str) -> None:
        """Forgets a closed socket."""
        self._desk.leave(sid)
        self._review.leave(sid)
        self._signed_in.leave(sid)

    def let_out(self, *, committed: bool) -> None:
        """Closes the sockets of sessions that have ended, or whose editor has another role. Their pages reconnect as
        what they are now."""
        server = self._socketio.server
        gate: Gate = server.eio
        for sid in self._signed_in.ended(committed=committed):
            gate.hang_up(server.manager.eio_sid_from_sid(sid, "/"))
        if committed:
            self._desk.look()

    def stop(self) -> None:
        """Ends the work in the background."""
        self._desk.stop()

    def _present(self, sid: str, *payload: object) -> dict[str, Any]:
        """An editor's page says where it is. Whether its session may know who is at the desk is looked up each time."""
        if sid not in self._signed_in:
            return {"error": "sign in"}
        places = places_in(payload[0] if len(payload) == 1 else None)
        if places is None:
            return {"error": 'write where the page is, like {"feed": "news", "updates": [17]}'}
        if not self._desk.may_say(sid):
            return {"error": "too often"}
        try:
            editor = self._signed_in.editor_of(sid)
        except (Missing, OperationalError) as refusal:
            return {"error": "sign in" if isinstance(refusal, Missing) else "try again"}
        if not permissions.may(editor.role, Verb.EDIT):
            self._socketio.server.leave_room(sid, DESK)
            self._desk.hide(sid)
            return {"error": "for editors only"}
        self._socketio.server.enter_room(sid, DESK)
        self._start()
        return {"editors": self._desk.enter(sid, editor.id, places)}

    def _enter_review(self, sid: str, *payload: object) -> dict[str, Any]:
        """An editor's page wants to be told what becomes of submissions."""
        if sid not in self._signed_in:
            return {"error": "sign in"}
        if not self._desk.may_say(sid):
            return {"error": "too often"}
        try:
            now = self._review.enter(sid)
        except (Missing, OperationalError) as refusal:
            return {"error": "sign in" if isinstance(refusal, Missing) else "try again"}
        self._start()
        self._desk.start()
        return now

    def _tell_of_review(self, sid: str, tidings: dict[str, Any]) -> None:
        self._socketio.emit("review", tidings, to=sid)

    def _tell(self, editors: list[dict[str, Any]]) -> None:
        self.let_out(committed=True)  # nobody whose session ended a moment ago
        self._socketio.emit("desk", {"editors": editors}, to=DESK)
