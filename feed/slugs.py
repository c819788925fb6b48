"""Makes addresses of headlines in any script: anyascii writes each character in Latin letters.

Four languages have transliterations of their own, without which their readers would find the address misspelt. Chinese
has no spaces, so each character is a word.
"""

import re
import unicodedata

from anyascii import anyascii

SLUG = 80  # characters; stays readable in an address bar
PLAIN = "article"  # the slug of a headline that has neither letters nor digits

_TRANSLITERATIONS: dict[str, dict[str, str | int | None]] = {
    "de": {"ä": "ae", "ö": "oe", "ü": "ue"},
    "da": {"å": "aa"},
    "nb": {"å": "aa"},
    "uk": {"г": "h", "и": "y", "ї": "i", "’": "", "ʼ": "", "'": ""},
}
_SIGN = re.compile("([\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af])")


def slug_of(headline: str, language: str) -> str:
    """Returns a slug made of the headline, cut between words. `language` is the headline's BCP 47 tag."""
    words = unicodedata.normalize("NFC", headline).lower()
    words = words.translate(str.maketrans(_TRANSLITERATIONS.get(language.split("-")[0], {})))
    words = "".join(" " if unicodedata.category(c) in ("So", "Cn") else c for c in _SIGN.sub(r" \1 ", words))
    parts = re.findall("[a-z0-9]+", anyascii(words).lower().replace("'", ""))
    made = ""
    for part in parts:
        if len(made) + 1 + len(part) > SLUG:
            break
        made += f"-{part}" if made else part
    return made or "".join(parts)[:SLUG] or PLAIN


def numbered(slug: str, number: int) -> str:
    """Returns the slug with a number, for when the slug itself is taken."""
    ending = f"-{number}"
    return slug[: SLUG - len(ending)].rstrip("-") + ending
