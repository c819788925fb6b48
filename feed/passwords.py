"""Which passwords are taken: long enough, and not among the first that anybody would guess.

NIST 800-63B asks to refuse the commonest ones and the editor's own name. The list is zxcvbn's: the 30,000 that leaks
held most often. People dress them up ("P4ssword2026!"), so what they are without that is looked up, too.
"""

import re
from functools import cache

from feed import fields
from feed.errors import Invalid, Message, Reason

SHORTEST_WORD = 4  # letters: what is left of a password when less than that is, was no word
_LEET = str.maketrans("4@310$57", "aaeiosst")
_REPEATED = re.compile(r"(.+?)\1+\Z", re.S)
_DRESS = r"[\W\d_]+"  # at both ends: digits and signs


def check(password: object, *names: str) -> str:
    """The password as somebody of these names typed it. Raises Invalid. Reads the list the first time: 40 ms."""
    typed = fields.password(password)
    if _own_name(typed, names) or any(word in _common() for word in _undressed(typed.casefold())):
        told = Message("This is among the first that others would try. Use several words, and not your name.")
        raise Invalid(Reason("password", told))
    return typed


def _undressed(password: str) -> set[str]:
    """The password, and what it is without digits and signs around it, letters written as digits, and repetition."""
    bare = re.sub(f"^{_DRESS}|{_DRESS}$", "", password)
    plain = re.sub(f"^{_DRESS}|{_DRESS}$", "", password.translate(_LEET))
    trailing = re.sub(f"{_DRESS}$", "", password).translate(_LEET)
    found = {password, bare, plain, trailing}
    found |= {once[1] for word in found if (once := _REPEATED.match(word))}
    return {word for word in found if word == password or len(word) >= SHORTEST_WORD}


def _own_name(password: str, names: tuple[str, ...]) -> bool:
    """Whether it is made of the names, but for a few letters."""
    letters = re.sub(r"[\W\d_]+", "", password.casefold())
    parts = {part for name in names for part in re.findall(r"[^\W\d_]{2,}", name.casefold())}
    left = letters
    for part in sorted(parts, key=len, reverse=True):
        left = left.replace(part, "")
    return left != letters and len(left) < SHORTEST_WORD


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # here: a server that sets no password needs none of it

    return frozenset(FREQUENCY_LISTS["passwords"])
