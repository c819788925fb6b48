"""Pages as search engines read them: JSON-LD with the terms of schema.org and the fields that Google lists.

Each entry has dates, author and address of its own, and its text without HTML. Nothing is in it that the page does not
show. The result is put into a script element and cannot end it, because `<` is written as `\\u003c`.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from feed import statuses, text
from feed.languages import Language
from feed.render.entries import page, title
from feed.settings import Settings
from feed.store.articles import Article
from feed.store.feeds import Feed
from feed.store.pictures import Picture
from feed.store.updates import Update

BODIES = 6_000  # characters, of all entries of a coverage together: with 20 long ones the page stays below 60 kB
LOGO_PIXELS = 512  # each side of static/logo.png; Google asks for 112

_dumps = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))

Data = dict[str, Any]


def article(settings: Settings, language: Language, article: Article, logo: str) -> Markup:
    """The article as a NewsArticle. `logo` is the path of the site's logo."""
    published = str(article.published_at)
    return _script(
        _story("NewsArticle", settings, language, article, logo)
        | _dates(language, published, article.edited_at or published)
        | {"articleSection": article.kicker}
    )


def coverage(
    settings: Settings,
    language: Language,
    article: Article,
    feed: Feed,
    shown: Sequence[Update],
    pictures: Mapping[str, Picture],
    logo: str,
    summary: str = "",
) -> Markup:
    """The coverage of an article, with the updates that a page shows and their pictures by id, as a LiveBlogPosting.
    What happened before the article came out began with it. Where the words of all are too many, the longest are
    shortened: the data of each one's own page has it whole. `summary` is the HTML of what the coverage was closed
    with."""
    current = [update for update in shown if not update.retracted_at]
    words = [text.plain(update.html) for update in current]
    room = _room([len(each) for each in words], BODIES)
    began = max(str(article.published_at), feed.opened_at)
    moments = [began, *(update.edited_at or update.published_at for update in current)]
    ended = max(began, feed.closed_at) if feed.closed_at else None
    return _script(
        _story("LiveBlogPosting", settings, language, article, logo)
        | _dates(language, began, max([*moments, ended or began]))
        | {
            "coverageStartTime": language.with_offset(began),
            "abstract": text.plain(summary),
            "coverageEndTime": ended and language.with_offset(ended),
            "liveBlogUpdate": [
                _entry(settings, language, update, pictures.get(_picture_in(update)), text.shorten(body, room))
                for update, body in zip(current, words, strict=True)
            ],
        }
    )


def update(settings: Settings, language: Language, update: Update, picture: Picture | None, logo: str) -> Markup:
    """An update on its own page, with its whole text, as a BlogPosting."""
    url = settings.public_url
    return _script(
        {"@context": "https://schema.org", "inLanguage": language.tag}
        | _entry(settings, language, update, picture, text.plain(update.html))
        | {
            "mainEntityOfPage": f"{url}/updates/{update.id}",
            "isPartOf": page(url, update.feed),
            "publisher": _publisher(settings, logo),
        }
    )


def _story(kind: str, settings: Settings, language: Language, article: Article, logo: str) -> Data:
    address = f"{settings.public_url}/articles/{article.slug}"
    return {
        "@context": "https://schema.org",
        "@type": kind,
        "headline": text.plain_line(article.headline, language.tag),
        "description": text.plain_line(article.standfirst, language.tag) if article.standfirst else None,
        "inLanguage": language.tag,
        "url": address,
        "mainEntityOfPage": address,
        "author": _person(article.byline, article.author.job if article.author else None),
        "publisher": _publisher(settings, logo),
        "image": _image(settings, article.picture),
    }


def _room(lengths: Sequence[int], budget: int) -> int:
    """How long a text may be at most, so that all together keep to the budget."""
    for number, length in enumerate(sorted(lengths)):
        share = budget // (len(lengths) - number)
        if length > share:
            return share
        budget -= length
    return max(lengths, default=0)


def _entry(settings: Settings, language: Language, update: Update, picture: Picture | None, body: str) -> Data:
    return {
        "@type": "BlogPosting",
        "headline": title(language, update),
        "url": f"{settings.public_url}/updates/{update.id}",
        **_dates(language, update.published_at, update.edited_at or update.published_at),
        "author": _person(update.byline),
        "image": _image(settings, picture),
        "articleBody": body,
        **_status(language, update),
        **({"inLanguage": update.language} if update.language else {}),
    }


def _status(language: Language, update: Update) -> Data:
    """What its status says. schema.org has no term for how sure a report is, so `creativeWorkStatus` has our words; a
    `correction` is what it is called where an editor says that the text was wrong."""
    if not update.status:
        return {}
    said = statuses.line(language.translate, update.status, update.source)
    return {
        "creativeWorkStatus": statuses.line(language.translate, update.status, None),
        "citation": update.source,
        "correction": said if update.status == "wrong" else None,
    }


def _picture_in(update: Update) -> str:
    return text.first_picture(update.html) or ""


def _dates(language: Language, published: str, modified: str) -> Data:
    return {"datePublished": language.with_offset(published), "dateModified": language.with_offset(modified)}


def _person(name: str, job: str | None = None) -> Data:
    return {"@type": "Person", "name": name, "jobTitle": job}


def _publisher(settings: Settings, logo: str) -> Data:
    image = {"@type": "ImageObject", "url": settings.public_url + logo, "width": LOGO_PIXELS, "height": LOGO_PIXELS}
    return {"@type": "Organization", "name": settings.site_name, "url": f"{settings.public_url}/", "logo": image}


def _image(settings: Settings, picture: Picture | None) -> Data | None:
    """The picture at its largest: up to 1,600 pixels wide, where search engines ask for 1,200."""
    if picture is None:
        return None
    url = f"{settings.public_url}/pictures/{picture.id}"
    size = {"width": picture.width, "height": picture.height}
    return {"@type": "ImageObject", "url": url, **size, "caption": picture.caption, "creditText": picture.credit}


def _script(data: Data) -> Markup:
    return htmlsafe_json_dumps(_without_blanks(data), dumps=_dumps)


def _without_blanks(data: Any) -> Any:
    """The data without fields that have no value."""
    if isinstance(data, dict):
        return {name: _without_blanks(value) for name, value in data.items() if value not in (None, "")}
    return [_without_blanks(each) for each in data] if isinstance(data, list) else data
