"""What /metrics says."""

import re

import requests

from tests.server import Server


def numbers(text: str) -> dict[str, float]:
    """The samples at /metrics, by name and labels."""
    return {name: float(value) for name, value in re.findall(r"^([a-z].*) (\S+)$", text, re.M)}


def told(server: Server) -> dict[str, float]:
    """What the worker says that answers."""
    return numbers(requests.get(f"{server.url}/metrics", timeout=9).text)
