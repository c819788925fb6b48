"""Replays a real event through the API of a running site, as a newsroom's own tool would."""

import io
import json
import re
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

EVENT = Path(__file__).parent / "apollo11.json"
ANSWER_SECONDS = 30  # for one answer of the site
_DRAWING = re.compile(r"picture:([a-z]+)")


class Refused(RuntimeError):
    """The site refused a step; the message says which and why."""


def replay(url: str, token: str, speed: float, longest: float) -> Iterator[str]:
    """Creates the article and plays the steps, `speed` times as fast as they happened and waiting at most `longest`
    seconds between two steps. Yields a line for each. Raises Refused."""
    site = _Site(url, token)
    event = json.loads(EVENT.read_text())
    article = _article(site, event["article"])
    yield f"open {article['url']}"
    names: dict[str, dict[str, Any]] = {}
    before = None
    for step in event["steps"]:
        moment = datetime.fromisoformat(step["utc"])
        if before is not None:
            time.sleep(min(longest, (moment - before).total_seconds() / speed))
        before = moment
        names[step["name"]] = _play(site, article["slug"], step, names.get(step["name"]))
        yield f"{moment:%d %B %Y, %H:%M} UTC  {step['do']}: {step['name']}"
    site.call("PATCH", f"/api/v1/articles/{article['slug']}", {"live": False})


def _article(site: "_Site", article: dict[str, Any]) -> Any:
    shown = {name: article.pop(name) for name in ("alt", "caption", "credit")}
    article["picture"] = site.upload(article.pop("picture"), shown)["id"]
    article["slug"] = f"{article['slug']}-{secrets.token_hex(2)}"  # so that it can be replayed again
    return site.call("POST", "/api/v1/articles", {**article, "live": True})


def _play(site: "_Site", slug: str, step: dict[str, Any], update: dict[str, Any] | None) -> dict[str, Any]:
    words: dict[str, Any] = {name: step[name] for name in ("headline", "body", "key") if name in step}
    if "body" in words:
        words["body"] = _DRAWING.sub(lambda found: site.picture_path(found[1]), words["body"])
    if update is None:
        return dict(site.call("POST", f"/api/v1/feeds/{slug}/updates", words, secrets.token_hex(8)))
    address = f"/api/v1/updates/{update['id']}"
    if step["do"] == "retract":
        site.call("DELETE", address, {"reason": step["reason"]})
        return update
    change: dict[str, Any] = {"pinned": True} if step["do"] == "pin" else words
    return dict(site.call("PATCH", address, {**change, "revision": update["revision"]}))


class _Site:
    """The API of a running site, with the standard library alone."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._paths: dict[str, str] = {}

    def call(self, method: str, path: str, body: dict[str, Any], idempotency_key: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return self._send(method, path, json.dumps(body).encode(), headers)

    def picture_path(self, name: str) -> str:
        if name not in self._paths:
            self._paths[name] = "/pictures/" + self.upload(name, {"alt": f"Drawing: {name}"})["id"]
        return self._paths[name]

    def upload(self, name: str, shown: dict[str, str]) -> Any:
        from feed.demo.drawings import draw  # imported here, because other commands need no Pillow

        boundary, body = secrets.token_hex(16), io.BytesIO()
        for field, value in shown.items():
            head = f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'
            body.write(f"{head}{value}\r\n".encode())
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}.png"\r\n\r\n'
        body.write(head.encode() + draw(name) + f"\r\n--{boundary}--\r\n".encode())
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return self._send("POST", "/api/v1/pictures", body.getvalue(), kind)

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the operator gave the address
            self._url + path, body, {"Authorization": f"Bearer {self._token}", **headers}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(f"{method} {path}: {error.code} {error.read().decode()}") from None
        except OSError as error:
            raise Refused(f"{self._url} cannot be reached: {error}") from None
