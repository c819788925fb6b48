"""The template environment of partials, which are the same for every reader.

Flask's own environment makes `request`, `session` and `g` globals. A partial that read one by accident would differ
from reader to reader. This environment has none of them, and an undefined name is an error. `equip` gives the same
filters to Flask's.
"""

from collections.abc import Callable
from pathlib import Path
from types import CodeType

import jinja2
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

from feed import kept, statuses, text
from feed.errors import Message
from feed.languages import Language, Languages
from feed.store.feeds import Feed
from feed.store.updates import Update

FOLDER = Path(__file__).parent.parent.parent / "templates"
KEPT = kept.folder("templates")


class _Compiled(BytecodeCache):
    """The code of each template, compiled once for all environments and processes. Compiling takes a quarter of a
    second of a core, which is as much as all other work at the start of a worker.

    It is kept as long as nothing has changed of which it was made: the template, Jinja, Python, and this module, which
    sets the environments up.
    """

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}
        self._made_by = f"{jinja2.__version__} {Path(__file__).read_text()}".encode()

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))
        if bucket.code is None:
            if found := kept.load(KEPT / bucket.key, self._made_by):
                bucket.bytecode_from_string(found)
            self._remember(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._remember(bucket)
        if bucket.code is not None:
            kept.save(KEPT / bucket.key, self._made_by, bucket.bytecode_to_string())

    def _remember(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()


def environment(languages: Languages) -> Environment:
    """A new environment for partials."""
    made = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, auto_reload=False)
    equip(made, languages)
    return made


def load_all(environment: Environment) -> None:
    """Reads every template now. Otherwise a worker that still runs while the files of the next release are put into its
    folder would mix the two."""
    environment.auto_reload = False
    for name in environment.list_templates():
        environment.get_template(name)


def equip(environment: Environment, languages: Languages) -> None:
    """Gives an environment the words, filters and helpers of our templates, in the language that is being written."""
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.add_extension("jinja2.ext.i18n")
    environment.bytecode_cache = _compiled
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        lambda message: languages.now.gettext(message),
        lambda one, other, count: languages.now.ngettext(one, other, count),
        newstyle=True,
    )
    environment.globals |= {
        "languages": languages,
        "lang_attrs": lambda: _attrs(languages.now),
        "foreign_lang_attrs": lambda tag: _attrs(languages.of(tag)) if languages.of(tag) is not languages.now else "",
        "own": lambda update: _own(languages, update),
        "counted": lambda name, one, other: _counted(languages.now, name, one, other),
        "in_language": lambda tag, caller: _in_language(languages, tag, caller),
    }
    environment.filters |= {
        "clock": lambda moment: languages.now.clock(moment),
        "clock_after": lambda moment, earlier: languages.now.clock_after(moment, earlier),
        "day": lambda moment: languages.now.day(moment),
        "short_day": lambda moment: languages.now.short_day(moment),
        "full": lambda moment: languages.now.full(moment),
        "to_second": lambda moment: languages.now.to_second(moment),
        "zone": lambda moment: languages.now.zone(moment),
        "with_offset": lambda moment: languages.now.with_offset(moment),
        "translate": lambda sentence: languages.now.translate(sentence),
        "plain": text.plain,
        "feed_title": lambda feed: feed_title(languages.of(feed.language), feed),
        "titled": lambda update, limit: titled(languages.now, update, limit, languages.of(update.text_language).tag),
        "status": lambda status: languages.now.translate(statuses.WORDS[status]),
        "host": statuses.host,
        "with_source": lambda words, source: _with_source(languages.now, words, source),
        "shorten": text.shorten,
        "smart": lambda line, *tag: _smart(line, languages.of(*tag) if tag else languages.now),
        "reading_minutes": text.reading_minutes,
    }


def _attrs(language: Language) -> Markup:
    """The attributes that say in which language an element is."""
    return Markup(' lang="{}" dir="{}"').format(language.tag, language.dir)


def _own(languages: Languages, update: Update) -> Markup:
    """The attributes of what an editor wrote, where an update has a language of its own."""
    language = languages.of(update.text_language)
    return _attrs(language) if update.language and language is not languages.now else Markup("")


def _counted(language: Language, name: str, one: str, other: str) -> Markup:
    """The attributes `data-<name>-<category>`, among which words.js chooses by a number. Where the words are borrowed
    from another language, `lang` names it, because it has plural rules of its own."""
    forms = language.plural_forms(one, other)
    attributes = Markup("").join(Markup(' data-{}-{}="{}"').format(name, *form) for form in forms.items())
    return attributes + (Markup(' lang="{}" dir="ltr"').format(language.words) if language.borrows else "")


def _in_language(languages: Languages, tag: str | None, caller: Callable[[], Markup]) -> Markup:
    """The content of a call block in that language: `{% call in_language(none) %}` for the site's."""
    with languages.writing(tag):
        return caller()


def _with_source(language: Language, words: Markup, source: Markup) -> Markup:
    """The words of a status, and who says so."""
    return Markup(statuses.with_source(language.translate, escape(words), escape(source)))  # noqa: S704 - escaped here


def _smart(line: str, language: Language) -> Markup:
    """A line of text with the language's quotes."""
    return Markup(text.smart_line(line, language.tag))  # noqa: S704 - escaped there


def feed_title(language: Language, feed: Feed) -> str:
    """What a feed is called where its article's page is not around it, as plain text."""
    if feed.headline is None:
        return language.translate(Message("News Feed"))
    return f"{language.translate(Message('Live coverage'))}: {text.plain_line(feed.headline, language.tag)}"


def titled(language: Language, update: Update, limit: int, own: str) -> str:
    """An update in a line, for people who see no more of it: its headline or its first words, and before them that it
    is unconfirmed or was wrong. `own` is the language of its text."""
    if update.headline:
        words = text.plain_line(update.headline, own)
    else:
        words = text.shorten(text.plain(update.html), limit) or language.translate(Message("A picture"))
    return statuses.title(language.translate, update.status, words)
