"""Documents that search engines read before any page: the sitemap (sitemaps.org), Google's news sitemap, robots.txt."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from feed import text, times
from feed.languages import Languages
from feed.render.xml import add, document, root
from feed.settings import Settings
from feed.store.sitemap import Story

PAGES = ("/", "/feeds/news")
MOST_STORIES = 10_000  # of the 50,000 that a sitemap may have: 0.15 s of a core; older ones are known long since
NEWS_HOURS = 48  # Google takes no older article in a news sitemap
MOST_NEWS = 1_000  # nor more of them

TYPE = "application/xml; charset=utf-8"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"

ROBOTS = """\
User-agent: *
Disallow: /desk/
Disallow: /api/

Sitemap: {url}/sitemap.xml
Sitemap: {url}/news-sitemap.xml
"""


def sitemap(settings: Settings, stories: Sequence[Story], authors: Sequence[str]) -> bytes:
    """The sitemap: the pages that lead on, the articles, and the pages of these authors. Updates are left out, because
    each is on its article's page, too."""
    urls = root("urlset", xmlns=SITEMAP)
    for path in PAGES:
        _add_url(urls, settings, path)
    for story in stories:
        url = _add_url(urls, settings, f"/articles/{story.slug}")
        add(url, "lastmod", times.with_offset(story.changed, settings.timezone))
    for author in authors:
        _add_url(urls, settings, f"/authors/{author}")
    return document(urls)


def news_sitemap(settings: Settings, languages: Languages, stories: Sequence[Story]) -> bytes:
    """The news sitemap of these articles. Where there are none it lists the front page, because the schema wants an
    address."""
    urls = root("urlset", xmlns=SITEMAP, xmlns__news=NEWS)
    for story in stories:
        language = languages.of(story.language).tag
        news = add(_add_url(urls, settings, f"/articles/{story.slug}"), "news:news")
        publication = add(news, "news:publication")
        add(publication, "news:name", settings.site_name)
        add(publication, "news:language", language.split("-")[0])
        add(news, "news:publication_date", times.with_offset(story.began, settings.timezone))
        add(news, "news:title", text.plain_line(story.headline, language))
    if not stories:
        _add_url(urls, settings, "/")
    return document(urls)


def robots(settings: Settings) -> str:
    """The rules for crawlers: the desk and the API are not to be indexed."""
    return ROBOTS.format(url=settings.public_url)


def _add_url(urls: Element, settings: Settings, path: str) -> Element:
    url = add(urls, "url")
    add(url, "loc", f"{settings.public_url}{path}")
    return url
