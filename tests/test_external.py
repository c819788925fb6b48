"""External posts: which addresses become cards, where in a text, what the frame's address is made of, and that nothing
but a link leaves the site in feeds and data."""

import re
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feed import external, text
from feed.languages import Languages
from feed.render.updates import Renderer
from feed.store.updates import Update
from tests.conftest import Site, site_in
from tests.pages import element, elements, words
from tests.test_guards import policy

MASTODON = ("mastodon.social", "journa.host")
ID = "dQw4w9WgXcQ"
YOUTUBE = f"https://www.youtube-nocookie.com/embed/{ID}"
VIMEO = "https://player.vimeo.com/video/76979871?dnt=1"
X = "https://platform.twitter.com/embed/Tweet.html?dnt=true&id=1234567890123456789"
BLUESKY = "https://embed.bsky.app/embed/{}/app.bsky.feed.post/3l6oveex3ii2l"
DID = "did:plc:z72i7hdynmk6r22z27h6tvur"
TIKTOK = "https://www.tiktok.com/embed/v2/6718335390845095173"
# Whatever is typed, a frame has one of these addresses.
FRAME = re.compile(
    r"https://(?:www\.youtube-nocookie\.com/embed/[\w-]{11}(?:\?start=\d+)?"
    r"|player\.vimeo\.com/video/\d+\?dnt=1(?:&h=[0-9a-f]+)?(?:#t=\d+s)?"
    r"|platform\.twitter\.com/embed/Tweet\.html\?dnt=true&id=\d+"
    r"|embed\.bsky\.app/embed/[\w.:-]+/app\.bsky\.feed\.post/[a-z2-7]{13}"
    r"|(?:mastodon\.social|journa\.host)/@\w[\w.-]*/\d+/embed"
    r"|www\.instagram\.com/(?:p|reel|tv)/[\w-]+/embed/captioned/"
    r"|www\.tiktok\.com/embed/v2/\d+"
    r"|t\.me/\w+/\d+\?embed=1)",
    re.ASCII,
)

KNOWN = [
    (f"https://www.youtube.com/watch?v={ID}", "YouTube", YOUTUBE),
    (f"https://youtube.com/watch?v={ID}&feature=youtu.be", "YouTube", YOUTUBE),
    (f"https://www.youtube.com/watch?app=desktop&v={ID}&list=PLx_1&index=2", "YouTube", YOUTUBE),
    (f"https://www.youtube.com/watch?v={ID}&", "YouTube", YOUTUBE),
    (f"https://m.youtube.com/watch?v={ID}&t=90s", "YouTube", f"{YOUTUBE}?start=90"),
    (f"https://music.youtube.com/watch?v={ID}&si=a-b_c", "YouTube", YOUTUBE),
    (f"https://youtu.be/{ID}", "YouTube", YOUTUBE),
    (f"https://youtu.be/{ID}?si=4xWj_-9&t=90", "YouTube", f"{YOUTUBE}?start=90"),
    (f"https://youtu.be/{ID}?t=1h2m3s", "YouTube", f"{YOUTUBE}?start=3723"),
    (f"https://www.youtube.com/watch?v={ID}&start=90", "YouTube", f"{YOUTUBE}?start=90"),
    (f"https://www.youtube.com/watch?v={ID}#t=1m30s", "YouTube", f"{YOUTUBE}?start=90"),
    (f"https://youtu.be/{ID}?t=soon", "YouTube", YOUTUBE),
    (f"https://youtu.be/{ID}?t=", "YouTube", YOUTUBE),
    (f"https://www.youtube.com/shorts/{ID}?feature=share", "YouTube", YOUTUBE),
    (f"https://www.youtube.com/live/{ID}?si=x", "YouTube", YOUTUBE),
    (f"https://www.youtube.com/embed/{ID}?rel=0", "YouTube", YOUTUBE),
    (f"https://www.youtube-nocookie.com/embed/{ID}", "YouTube", YOUTUBE),
    (f"HTTPS://WWW.YouTube.COM/watch?v={ID}", "YouTube", YOUTUBE),
    (f"youtube.com/watch?v={ID}", "YouTube", YOUTUBE),
    (f"www.youtube.com/watch?v={ID}", "YouTube", YOUTUBE),
    ("https://youtu.be/-_-_-_-_-_-", "YouTube", "https://www.youtube-nocookie.com/embed/-_-_-_-_-_-"),
    ("https://vimeo.com/76979871", "Vimeo", VIMEO),
    ("https://vimeo.com/76979871/8272103f6e?share=copy", "Vimeo", f"{VIMEO}&h=8272103f6e"),
    ("https://player.vimeo.com/video/76979871?h=8272103f6e&badge=0", "Vimeo", f"{VIMEO}&h=8272103f6e"),
    ("https://vimeo.com/76979871#t=1m30s", "Vimeo", f"{VIMEO}#t=90s"),
    ("https://vimeo.com/channels/staffpicks/76979871", "Vimeo", VIMEO),
    ("https://vimeo.com/groups/name/videos/76979871", "Vimeo", VIMEO),
    ("https://vimeo.com/showcase/123/video/76979871", "Vimeo", VIMEO),
    ("https://x.com/nasa/status/1234567890123456789?s=20", "X", X),
    ("https://twitter.com/nasa/status/1234567890123456789?ref_src=twsrc%5Etfw", "X", X),
    ("https://mobile.twitter.com/nasa/statuses/1234567890123456789", "X", X),
    ("https://mobile.x.com/nasa/status/1234567890123456789/photo/1", "X", X),
    ("https://x.com/i/web/status/1234567890123456789", "X", X),
    ("https://www.x.com/i/status/1234567890123456789/", "X", X),
    ("https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l", "Bluesky", BLUESKY.format("bsky.app")),
    (f"https://bsky.app/profile/{DID}/post/3l6oveex3ii2l", "Bluesky", BLUESKY.format(DID)),
    (f"https://bsky.app/profile/{DID.replace(':', '%3A')}/post/3l6oveex3ii2l", "Bluesky", BLUESKY.format(DID)),
    ("https://mastodon.social/@Gargron/100254678717223630", "Mastodon", "https://mastodon.social/@Gargron/100254678717223630/embed"),
    ("https://mastodon.social/users/Gargron/statuses/1", "Mastodon", "https://mastodon.social/@Gargron/1/embed"),
    ("https://journa.host/deck/@a.b/1", "Mastodon", "https://journa.host/@a.b/1/embed"),
    ("https://www.instagram.com/p/CuE2WKNsDHd/?igsh=x%3D%3D", "Instagram", "https://www.instagram.com/p/CuE2WKNsDHd/embed/captioned/"),
    ("https://instagram.com/reel/CuE2WKNsDHd", "Instagram", "https://www.instagram.com/reel/CuE2WKNsDHd/embed/captioned/"),
    ("https://www.instagram.com/reels/CuE2WKNsDHd/", "Instagram", "https://www.instagram.com/reel/CuE2WKNsDHd/embed/captioned/"),
    ("https://www.instagram.com/tv/CuE2WKNsDHd/", "Instagram", "https://www.instagram.com/tv/CuE2WKNsDHd/embed/captioned/"),
    ("https://www.instagram.com/nasa/p/CuE2WKNsDHd/", "Instagram", "https://www.instagram.com/p/CuE2WKNsDHd/embed/captioned/"),
    ("https://www.tiktok.com/@scout2015/video/6718335390845095173?_t=8x&_r=1", "TikTok", TIKTOK),
    ("https://m.tiktok.com/v/6718335390845095173.html", "TikTok", TIKTOK),
    ("https://www.tiktok.com/embed/v2/6718335390845095173", "TikTok", TIKTOK),
    ("https://t.me/durov/142", "Telegram", "https://t.me/durov/142?embed=1"),
    ("https://t.me/s/durov/142?single", "Telegram", "https://t.me/durov/142?embed=1"),
    ("https://telegram.me/durov/142", "Telegram", "https://t.me/durov/142?embed=1"),
]  # fmt: skip

UNKNOWN = [
    # another host, however it looks
    f"https://youtube.com.evil.example/watch?v={ID}",
    f"https://evil.example/youtube.com/watch?v={ID}",
    f"https://www.youtube.com@evil.example/watch?v={ID}",
    f"https://me@www.youtube.com/watch?v={ID}",
    f"https://me:pass@www.youtube.com/watch?v={ID}",
    f"https://www.youtube.com:443/watch?v={ID}",
    f"https://www.youtube.com:8443/watch?v={ID}",
    f"https://www.youtube.com./watch?v={ID}",
    f"https://www.youtube.com\\.evil.example/watch?v={ID}",
    f"https://evil.example\\@www.youtube.com/watch?v={ID}",
    f"https://evilyoutube.com/watch?v={ID}",
    f"https://www.youtube.com.ua/watch?v={ID}",
    f"https://www.yοutube.com/watch?v={ID}",  # a Greek omicron
    f"https://www.ｙoutube.com/watch?v={ID}",
    f"https://www.youtube。com/watch?v={ID}",
    f"https://youtu.bе/{ID}",  # a Cyrillic е
    f"https://ⓨoutu.be/{ID}",
    f"https://xn--yutube-k2a.com/watch?v={ID}",
    f"https://[::1]/watch?v={ID}",
    # another scheme
    f"http://www.youtube.com/watch?v={ID}",
    f"ftp://www.youtube.com/watch?v={ID}",
    f"//www.youtube.com/watch?v={ID}",
    f"javascript:alert(1)//www.youtube.com/watch?v={ID}",
    f"data:text/html,https://youtu.be/{ID}",
    f"https:/youtu.be/{ID}",
    f"https:youtu.be/{ID}",
    f"view-source:https://youtu.be/{ID}",
    # another path, id or query
    f"https://youtu.be/{ID}\"onload=alert(1)",
    f"https://youtu.be/{ID}<script>",
    f"https://youtu.be/{ID}/../x",
    f"https://youtu.be/../{ID}",
    f"https://youtu.be//{ID}",
    f"https://youtu.be/%2e%2e/{ID}",
    "https://youtu.be/dQw4w9WgXc%51",
    f"https://youtu.be/{ID}x",
    "https://youtu.be/dQw4w9WgXc",
    "https://youtu.be/dQw4w9WgXcé",
    "https://youtu.be/dQw4w9WgXc١",  # an Arabic digit
    f"https://www.youtube.com/watch?v={ID}&v=aaaaaaaaaaa",
    "https://www.youtube.com/watch?v=",
    "https://www.youtube.com/watch",
    "https://www.youtube.com/embed/videoseries?list=PLx",
    "https://www.youtube.com/embed/live_stream?channel=UCx",
    "https://www.youtube.com/playlist?list=PLx",
    "https://www.youtube.com/@nasa",
    f"https://www.youtube.com/redirect?q=https://youtu.be/{ID}",
    f"https://www.youtube.com/watch?v={ID}\n",
    f"https://youtu.be/{ID}?" + "x" * external.LONGEST,
    "https://vimeo.com/blog/76979871",
    "https://vimeo.com/76979871/8272103f6e/more",
    "https://vimeo.com/76979871/zzz103f6e0",
    "https://x.com/nasa",
    "https://x.com/nasa/status/12a",
    "https://x.com/nasa/status/" + "1" * 21,
    "https://x.com/nasa/status/1/analytics",
    "https://x.com/i/spaces/1",
    "https://bsky.app/profile/bsky.app",
    "https://bsky.app/profile/bsky.app/post/3l6oveex3ii2l/liked-by",
    "https://bsky.app/profile/a..b/post/3l6oveex3ii2l",
    "https://bsky.app/profile/did:key:zabc/post/3l6oveex3ii2l",
    "https://elsewhere.example/@Gargron/1",
    "https://mastodon.social/@Gargron",
    "https://mastodon.social/@Gargron@other.example/1",
    "https://sub.mastodon.social/@Gargron/1",
    "https://www.instagram.com/nasa/",
    "https://www.instagram.com/stories/nasa/123/",
    "https://vm.tiktok.com/ZMabc/",
    "https://www.tiktok.com/t/ZMabc/",
    "https://www.tiktok.com/@scout2015",
    "https://t.me/durov",
    "https://t.me/c/1234567/89",
    "https://t.me/joinchat/1234567",
    "https://t.me/+abc",
]  # fmt: skip


@pytest.mark.parametrize(("address", "site", "frame"), KNOWN)
def test_an_address_that_people_share_is_known_with_its_frame(address: str, site: str, frame: str) -> None:
    found = external.find(address, MASTODON)
    assert found
    assert (found.site, found.frame) == (site, frame)
    assert FRAME.fullmatch(frame)
    assert any(frame.startswith(f"{origin}/") for origin in external.origins(MASTODON))


@pytest.mark.parametrize("address", UNKNOWN)
def test_any_other_address_stays_as_it_is(address: str) -> None:
    assert external.find(address, MASTODON) is None


def rendered(body: str) -> str:
    """The text of an update as readers get it."""
    given: dict[str, object] = dict.fromkeys(Update.__dataclass_fields__)
    shown = {"id": 1, "feed": "news", "body": body, "html": text.to_html(body, 20_000), "byline": "Bob"}
    given |= {**shown, "version": 1, "revision": 1, "published_at": "2026-11-27T14:05:00.000Z"}
    made = Renderer(Languages("en", ZoneInfo("UTC")), "https://news.example", MASTODON)
    return str(made.preview(Update(**given)))  # type: ignore[arg-type]


POST = f"https://youtu.be/{ID}"


@pytest.mark.parametrize(
    "body",
    [
        POST, f"Before\n\n{POST}\n\nAfter", f"  {POST}  ", f"<{POST}>", f"# Then\n{POST}", f"- one\n- two\n\n{POST}",
        f"Two lines\n{POST}", f"{POST}\nTwo lines", f"One\n{POST}\nthree", f"One  \n{POST}  \nthree",
        f"**One**\n{POST}\n*three*",
    ],
)  # fmt: skip
def test_an_address_alone_on_its_line_is_a_card_and_still_a_link(body: str) -> None:
    card = element(rendered(body), "div", class_="external")
    assert card.get("data-of") == YOUTUBE
    assert [each.get("href") for each in card.iter("a")] == [POST]
    assert [words(each) for each in card.iter("button")] == ["Load from YouTube"]
    assert "YouTube" in words(card)


@pytest.mark.parametrize(
    "body",
    [
        f"See {POST}", f"{POST} is it", f"{POST}.", f"{POST} {POST}", f"**One\n{POST}\nthree**", f"*{POST}\ntwo*",
        f"- {POST}\n- two", f"- {POST}\n\n- two", f"1. {POST}\n2. two", f"- one\n- two\n\n  {POST}", f"> {POST}",
        f"> said\n>\n> {POST}", f"|a|b|\n|-|-|\n|{POST}|c|", f"## {POST}", f"**{POST}**", f"`{POST}`",
        f"```\n{POST}\n```", f"[The landing]({POST})", f"[{POST}](https://evil.example/)", f"[{POST}]({POST}x)",
        f"[https://evil.example/]({POST})", f"[{POST}]({POST} \"title\") too",
        f"One\n[The landing]({POST})\nthree", f"> said\n{POST}", f"- one\n  {POST}\n- two",
    ],
)  # fmt: skip
def test_anywhere_else_it_stays_a_link_or_text(body: str) -> None:
    assert "external" not in rendered(body)


def test_an_article_of_this_site_is_a_card_that_says_what_its_address_says(site: Site) -> None:
    """The headline may change later, and a draft's must not be seen, so neither is looked up."""
    site.write_article("quay", headline="The quay")
    site.write_article("secret", headline="The secret", draft=True)
    shapes = []
    for slug in ("quay", "secret", "nothing"):
        address = f"{site.services.settings.public_url}/articles/{slug}"
        card = element(site.services.render.update(site.publish(address)), "div", class_="external")
        assert [(each.get("href"), words(each)) for each in card.iter("a")] == [(address, address)]
        shapes.append(words(card).replace(slug, ""))
        assert not card.get("data-of")
    assert len(set(shapes)) == 1
    assert "external" not in site.services.render.update(site.publish("[The quay](/articles/quay)"))


CARD = re.compile(
    r'<div class="external[^>]*>\n<p[^>]*><span[^>]*>\w+</span> (<a [^>]*>[^<]*</a>)</p>\n<button.*?</div>', re.S
)
PIECES = st.sampled_from([
    POST, f"\n\n{POST}\n\n", "\n\n", "\n", " ", "> ", "- ", "* ", "1. ", "|", "[", "]", "(", ")", "<", ">", '"', "'",
    "@", ":", "/", "?", "&", "#", "..", "%", "\\", "`", "*", "https://", "http://", "javascript:", "www.",
    "vimeo.com/1", "x.com/a/status/1", "t.me/durov/1", "mastodon.social/@a/1", "instagram.com/p/CuE2WKNsDHd", ID, 
    "bsky.app/profile/a.b/post/3l6oveex3ii2l", "tiktok.com/@a/video/1", "watch?v=", "<iframe src=", "data-of=",
])  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=12).map("".join))
@example(f'[a](/b "<p>{POST}</p><ul>")\n\n{POST}')
@example(f"https://youtu.be/{ID}?a=%22%3E%3Ciframe%20src=x%3E")
@example(f"One\n{POST}\n**two\n{POST}**\n\n{POST}\nthree")
@example('https://x.com/a/status/1?"><iframe src="https://evil.example')
@settings(max_examples=60)
def test_whatever_is_typed_frames_are_those_of_the_list_and_the_rest_passes_the_sanitiser(body: str) -> None:
    try:
        html = text.to_html(body, 20_000)
    except text.Invalid:
        return
    assert "external" not in html or "external" in body
    shown = rendered(body)
    framed = elements(shown, data_of=True)
    assert all(FRAME.fullmatch(each.get("data-of")) for each in framed)
    assert not elements(shown, "iframe")
    assert all(each.get("class").split()[0] == "external" for each in framed)
    # With the link of each card in its place, it is what the sanitiser let through.
    written = re.search(r'<div class="text">(.*)</div>\s*<p class="by">', shown, re.DOTALL)
    assert written
    links = CARD.sub(lambda card: f"<p>{card[1]}</p>", written[1])
    same = {each.replace('"https://', '"http://').replace("</p>\n<p>", "<br>\n") for each in (links, html)}
    assert len(same) == 1


def test_the_same_bytes_in_page_push_catch_up_and_api_and_a_link_in_feeds_and_data(site: Site) -> None:
    pushed: list[dict[str, Any]] = []
    tail = site.tail(pushed)
    tail.watch("news")
    published = site.api("POST", "/api/v1/feeds/news/updates", {"body": f"Landed.\n\n{POST}?si=a&t=9", "pinned": True})
    html = published.get_json()["html"]
    assert f'data-of="{YOUTUBE}?start=9"' in html
    tail.step()
    own = f"update-{published.get_json()['id']}"
    caught = site.charlie.get(f"/feeds/news/changes?after=0&epoch={pushed[-1]['epoch']}").get_json()
    for envelope in (caught, pushed[-1]):
        assert {change["id"]: change["html"] for change in envelope["changes"]}[own] == html
    for path in ("/feeds/news", f"/updates/{own[7:]}", "/embed/feeds/news", "/feeds/news?q=landed"):
        assert html in site.charlie.get(path).text, path
    assert site.charlie.get("/feeds/news").text.count("Load from YouTube") == 2, "the pinned update is on top, too"
    for path in ("/feeds/news.atom", "/feeds/news.rss", "/feeds/news.json"):
        told = site.charlie.get(path).text
        assert f"{POST}?si=a&" in unescape(unescape(told)), path
        assert not re.search("Load from|data-of|nocookie|external", told), path
    page = site.charlie.get(f"/updates/{own[7:]}").text
    assert "Load from" not in element(page, "meta", name="description").get("content")
    assert all("Load from" not in each.text for each in elements(page, "script", type="application/ld+json"))
    assert "Load from" not in site.charlie.get(f"/updates/{own[7:]}/history").text
    assert site.charlie.get("/feeds/news?q=load+from").text.count("<li id=") == 0


def test_a_post_is_a_card_in_an_articles_body_beside_those_of_articles(site: Site) -> None:
    site.write_article("quay", headline="The quay")
    site.write_article("harbour", body=f"Before\n\n{POST}\n\nhttps://journa.host/@a/1\n\n[The quay](/articles/quay)")
    body = element(site.charlie.get("/articles/harbour").text, "div", class_="body")
    assert [each.get("class") for each in body] == [None, "external wide", "external post", "card"]


def test_the_words_of_a_card_are_in_the_language_of_its_text(site: Site) -> None:
    assert "Завантажити з YouTube" in site.services.render.update(site.publish(POST, language="uk"))


def test_frames_of_these_sites_alone_may_load_and_only_in_pages(tmp_path: Path) -> None:
    fixed = {
        "https://www.youtube-nocookie.com", "https://player.vimeo.com", "https://platform.twitter.com",
        "https://embed.bsky.app", "https://www.instagram.com", "https://www.tiktok.com", "https://t.me",
    }  # fmt: skip
    for written, hosts in (("Journa.host, a.example", ("journa.host", "a.example")), ("none", ())):
        with site_in(tmp_path / written[:4], FEED_MASTODON_HOSTS=written) as site:
            assert site.services.settings.mastodon_hosts == hosts
            allowed = fixed | {f"https://{host}" for host in hosts}
            for path in ("/", "/feeds/news", "/embed/feeds/news", "/desk/sign-in", "/nothing"):
                rules = policy(site.charlie.get(path).headers["Content-Security-Policy"])
                assert set(rules["frame-src"]) == allowed, path
                assert rules["default-src"] == ["'none'"]
            for path in ("/api/v1/feeds/news/updates", "/feeds/news.atom", "/feeds/news/changes?after=0"):
                assert "frame-src" not in site.charlie.get(path).headers["Content-Security-Policy"], path
            card = "external" in site.services.render.update(site.publish("https://a.example/@a/1"))
            assert card is bool(hosts)
