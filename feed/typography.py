"""Sets quotes, apostrophes, dashes and ellipses as a language does. No other characters are replaced: (R) may be a
party and (c) a paragraph, and +- and ?! stay as they were typed."""

import re

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

ENGLISH_QUOTES = "“”‘’"
# The quotation marks of CLDR 48 (main/*/delimiters.json), outer and inner, for each language that Babel knows and whose
# marks are not those of English. A tag that is missing here has those of its more general tag.
_BY_QUOTES = {
    "«»“”": "ast blo bm br ca cv dyo el es-US eu ewo ie it kab kk lij mg mua nnh pms pt-AO pt-CH pt-CV pt-GQ pt-GW "
    "pt-LU pt-MO pt-MZ pt-PT pt-ST pt-TL sc sg ti",
    "„“‚‘": "bs-Cyrl cs de dsb et hr hsb is ksh lb luy mk nds sk sl",
    "«»‹›": "am az-Arab az-Cyrl fa fr-CH gsw jgo kkj mzn rm sdh wae",
    "«»„“": "bas be bua ky os ru sah tyv uk",
    "””’’": "fi he lag rn se sn sv yi",
    "«»‘’": "dua el-polyton ksf nb nn no rw",
    "”“’‘": "ar lld ms-Arab syr ur",
    "«»«»": "fr ht hy oc yav",
    "„“„“": "bg lt prg sgs",
    "“”‘’": "bm-Nkoo ff-Adlm uz-Arab uz-Cyrl",
    "‘’“”": "fur ia ti-ER tn",
    "「」『』": "ja yue zh-Hant zh-HK zh-MO zh-TW",
    "„”«»": "nmg pl ro",
    "„”‚’": "agq ff",
    "„”»«": "hu szl",
    "»«›‹": "kk-Arab ug",
    "«»„”": "shi zgh",
    "„”‘’": "bs",
    "“”«»": "eo",
    "«»”“": "fr-CA",
    "„“«»": "ka",
    "‘’‘’": "nl",
    "„”’’": "sr",
    "“’“”": "st",
    "“”“”": "tk",
    "“”’‘": "uz",
}
_QUOTES = {tag: quotes for quotes, tags in _BY_QUOTES.items() for tag in tags.split()}

# An apostrophe, not a quote, before a year ('26, '90s) and around the n of rock 'n' roll.
_APOSTROPHE = re.compile(r"(?<!\w)'(?=\d\d(?:s|er)?\b(?!'))|(?<!\w)'(?=n'(?!\w))|(?<= ’n)'(?!\w)")
_ELLIPSIS = re.compile(r"(?<!\.)\.{3}(?!\.)")
_EM_DASH = re.compile(r"(?<!-)---(?!-)")
_EN_DASH = re.compile(r"(?:(?<=\s)|(?<![\s\S]))--(?=\s|\Z)|(?<=[^-\s!<])--(?=[^-\s>])")


def quotes(language: str) -> str:
    """Returns the four quotation marks for a BCP 47 tag: outer opening and closing, inner opening and closing."""
    while language and language not in _QUOTES:
        language = language.rpartition("-")[0]
    return _QUOTES.get(language, ENGLISH_QUOTES)


def set_signs(state: StateCore) -> None:
    """Sets dashes, ellipses and apostrophes in the words of a text, but not in addresses that were linked as typed."""
    for token in state.tokens:
        if token.type == "inline" and token.children:
            _set_in(token.children)


def _set_in(tokens: list[Token]) -> None:
    address = False
    for token in tokens:
        if token.info == "auto":
            address = token.type == "link_open"
        elif token.type == "text" and not address:
            token.content = _typeset(token.content)


def _typeset(words: str) -> str:
    """Returns the words with their signs set. A line of dashes alone is left as it is."""
    if not words.strip("-"):
        return words
    if "..." in words:
        words = _ELLIPSIS.sub("…", words)
    if "--" in words:
        words = _EN_DASH.sub("–", _EM_DASH.sub("—", words))
    if "'" in words:
        words = _APOSTROPHE.sub("’", words)
    return words
