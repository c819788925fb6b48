"""Which passwords are accepted: those that are long enough and not among the first guesses.

NIST 800-63B-4 asks for 15 characters of any kind, without rules of what they must be and without an end of their time,
and to refuse the commonest passwords and the editor's own name. The list is zxcvbn's: the 30,000 that were
most frequent in leaks. People vary them ("P4ssword2026!"), so a password is also looked up without such additions.
"""

import re
from functools import cache

from feed import fields
from feed.errors import Invalid, Message, Reason

SHORTEST_WORD = 4  # letters; a shorter rest of a password is no word
_LEET = str.maketrans("4@310$57", "aaeiosst")
_REPEATED = re.compile(r"(.+?)\1+\Z", re.S)
_DRESS = r"[\W\d_]+"  # digits and signs at both ends


def check(password: object, *names: str) -> str:
    """Returns the password in NFC; `names` are those of its editor. Raises Invalid. The first call reads the
    list, which takes 40 ms."""
    typed = fields.password(password)
    if _own_name(typed, names) or any(word in _common() for word in _undressed(typed.casefold())):
        told = Message("This is among the first that others would try. Use several words, and not your name.")
        raise Invalid(Reason("password", told))
    return typed


def _undressed(password: str) -> set[str]:
    """Returns the password, also without digits and signs around it, digits in place of letters, and repetition."""
    bare = re.sub(f"^{_DRESS}|{_DRESS}$", "", password)
    plain = re.sub(f"^{_DRESS}|{_DRESS}$", "", password.translate(_LEET))
    trailing = re.sub(f"{_DRESS}$", "", password).translate(_LEET)
    found = {password, bare, plain, trailing}
    found |= {once[1] for word in found if (once := _REPEATED.match(word))}
    return {word for word in found if word == password or len(word) >= SHORTEST_WORD}


def _own_name(password: str, names: tuple[str, ...]) -> bool:
    """Whether it consists of the names and a few more letters at most."""
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
