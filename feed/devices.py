"""What people call a browser, made of what it calls itself. Nothing is decided by it: a browser may say anything."""

from feed.errors import Message

# The first that is found counts: Edge also says that it is Chrome, and Chrome that it is Safari.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chromium/": "Chromium",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


def readable(user_agent: str) -> Message | None:
    """Returns a name such as "Firefox on Windows", or one of the two words; None if nothing in it is known."""
    browser, system = _first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)
    if browser and system:
        return Message("{browser} on {system}", browser=browser, system=system)
    known = browser or system
    return Message(known) if known else None


def _first(names: dict[str, str], user_agent: str) -> str | None:
    return next((name for sign, name in names.items() if sign in user_agent), None)
