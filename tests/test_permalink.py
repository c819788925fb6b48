"""The permalink of an update: among those around it, live, and with its own title, description and card."""

import pytest
from lxml import html

from feed.store.updates import Update
from feed.times import with_offset
from feed.web.feed_page import ABOVE, SHOWN
from tests.conftest import Site
from tests.pages import element, elements
from tests.reader import updates_in
from tests.test_reader_pages import Page, a_picture


def permalink(site: Site, update: Update) -> str:
    """Its page."""
    answer = site.charlie.get(f"/updates/{update.id}")
    assert answer.status_code == 200
    return answer.text


def card(page: str) -> dict[str, str]:
    """What a page tells search engines and other sites, by name; each name once."""
    found: dict[str, str] = {}
    for tag, attributes in Page(page).tags:
        name = attributes.get("property") or attributes.get("name")
        if tag == "meta" and name not in (None, "viewport", "color-scheme"):
            assert name not in found
            found[name] = attributes["content"] or ""
        if tag == "link" and attributes.get("rel") == "canonical":
            found["canonical"] = attributes["href"] or ""
    return found


# Surroundings


@pytest.mark.parametrize(("at", "above", "below"), [
    (0, 0, SHOWN - 1), (1, 1, SHOWN - 2), (ABOVE, ABOVE, SHOWN - ABOVE - 1), (ABOVE + 1, ABOVE, SHOWN - ABOVE - 1),
    (SHOWN * 2 - 1, ABOVE, 0), (SHOWN * 2 - 2, ABOVE, 1),
])  # fmt: skip
def test_it_stands_among_the_updates_around_it(site: Site, at: int, above: int, below: int) -> None:
    made = [site.publish(f"Number {number}") for number in range(SHOWN * 2)][::-1]
    page = permalink(site, made[at])
    assert list(updates_in(page, "news").values()) == [
        site.services.render.update(update) for update in made[at - above : at + below + 1]
    ], "the same bytes as everywhere, the one that was asked for too"
    said = element(page, "live-feed")
    assert said.get("highlight") == f"update-{made[at].id}"
    assert said.get("shows") == ("older" if at > ABOVE else "top")
    on = [each for each in elements(page, href=True) if each.get("rel") in ("next", "prev")]
    ways = {each.get("rel"): each.get("href").partition("#")[0] for each in on}
    assert ways.keys() == {*(["prev"] if at > ABOVE else []), *(["next"] if at + below + 1 < len(made) else [])}
    for rel, href in ways.items():
        beyond = [*updates_in(site.charlie.get(href).text, "news")]
        edge = made[at - above - 1] if rel == "prev" else made[at + below + 1]
        assert beyond[-1 if rel == "prev" else 0] == f"update-{edge.id}"


def test_it_shows_the_update_once_and_no_box_over_it(site: Site) -> None:
    site.write_article("harbour", live=True)
    update = site.publish("Only once", feed="harbour", key=True, pinned=True)
    page = permalink(site, update)
    (main,) = html.fromstring(page).xpath("//main")
    assert main.text_content().count("Only once") == 1
    assert 'href="#update-1"' in page
    assert "key-events-harbour" not in page
    assert 'id="q-harbour"' not in page
    assert 'feed="news"' in page, "the News Feed beside it"
    assert permalink(site, site.publish("News")).count("<live-feed") == 1


def test_each_update_has_a_link_to_share(site: Site) -> None:
    update = site.publish("Words")
    (share,) = html.fragment_fromstring(site.services.render.update(update)).find_class("share")
    assert (share.get("href"), share.text_content()) == (f"/updates/{update.id}", "Share")


# Title, description, card


def test_it_has_a_title_a_description_and_a_card_of_its_own(site: Site) -> None:
    update = site.publish('Two <b> & "boats" burn. ' + "More words follow. " * 20, headline='"Fire" & <smoke>')
    page = permalink(site, update)
    told = card(page)
    description = told.pop("description")
    assert told == {
        "canonical": f"http://127.0.0.1:8000/updates/{update.id}",
        "og:type": "article",
        "og:site_name": "Liveline",
        "og:title": "“Fire” & <smoke>",
        "og:description": description,
        "og:url": f"http://127.0.0.1:8000/updates/{update.id}",
        "article:published_time": with_offset(update.published_at, site.services.settings.timezone),
        "robots": "max-image-preview:large",
        "twitter:card": "summary",
    }
    assert description.startswith("Two <b> & “boats” burn. More words")
    assert description.endswith(("follow…", "words…", "More…", "follow.…"))
    assert len(description) <= 200
    assert "<title>“Fire” &amp; &lt;smoke&gt; – Liveline</title>" in page
    edited = site.edit(update, headline=None, body="Short")
    told = card(permalink(site, update))
    assert (told["og:title"], told["description"]) == ("Short", "Short")
    assert told["article:modified_time"] == with_offset(edited.edited_at or "", site.services.settings.timezone)


def test_its_card_shows_its_first_picture_or_that_of_its_article(site: Site) -> None:
    of_article, first, second = (a_picture(site, f"The “{name}” & more") for name in ("article", "first", "second"))
    site.write_article("harbour", live=True, picture=of_article)
    site.write_article("bridge", live=True)
    plain, own = (
        site.publish(body, feed="harbour")
        for body in ("Words", f"![One](/pictures/{first}) ![Two](/pictures/{second})")
    )
    for update, picture, name in ((plain, of_article, "article"), (own, first, "first")):
        told = card(permalink(site, update))
        assert {name: value for name, value in told.items() if "image" in name} == {
            "og:image": f"http://127.0.0.1:8000/pictures/{picture}",
            "og:image:width": "30",
            "og:image:height": "20",
            "og:image:alt": f"The “{name}” & more",
        }
        assert told["twitter:card"] == "summary_large_image"
    for update in (site.publish("Words", feed="bridge"), site.publish("Words")):
        assert "og:image" not in card(permalink(site, update))


def test_a_picture_alone_has_a_title_and_a_description_too(site: Site) -> None:
    update = site.publish(f"![](/pictures/{a_picture(site, 'A tug')})")
    told = card(permalink(site, update))
    assert (told["og:title"], told["description"]) == ("A picture", "A picture")


def test_an_article_has_the_same_card(site: Site) -> None:
    picture = a_picture(site, "Smoke")
    site.write_article("harbour", picture=picture, standfirst='It "burns" & burns', body="Text", live=True)
    site.write_article("bridge", body="Long words. " * 40)
    for path in ("/articles/harbour", "/articles/harbour?key=1"):
        told = card(site.charlie.get(path).text)
        assert told["canonical"] == told["og:url"] == "http://127.0.0.1:8000/articles/harbour"
        assert told["description"] == told["og:description"] == "It “burns” & burns"
        assert told["og:image"] == f"http://127.0.0.1:8000/pictures/{picture}"
        assert (told["og:title"], "article:published_time" in told) == ("About harbour", True)
    assert 100 < len(card(site.charlie.get("/articles/bridge").text)["description"]) <= 200


def test_a_card_names_the_public_address_whatever_host_was_asked(site: Site) -> None:
    update = site.publish("Words")
    for host in ("evil.example", "127.0.0.1:8000"):
        page = site.charlie.get(f"/updates/{update.id}", headers={"Host": host}).text
        assert card(page)["og:url"] == f"http://127.0.0.1:8000/updates/{update.id}"
        assert "evil" not in page
