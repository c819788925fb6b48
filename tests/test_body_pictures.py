"""Pictures within texts: in every path by which a text is stored, a picture of another site is refused by its address,
and our own gets its size, caption and credit."""

import io
from typing import Any

import pytest
from PIL import Image

from feed.store import articles, pictures, rerender, updates
from tests.conftest import Site
from tests.desk.forms import field, png, send
from tests.pages import element, elements

UNKNOWN = "/pictures/0123456789abcdef"
FOREIGN = "https://elsewhere.example/boat.jpg"


def a_picture(site: Site, size: tuple[int, int] = (1200, 800), **words: str) -> str:
    """The id of a new picture."""
    out = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(out, "JPEG")
    given = {"alt": "A tug", **words}
    return pictures.add(site.services.store, site.services.settings.media, out.getvalue(), given, site.bob).id


def refusal(answer: Any, address: str) -> None:
    """Holds that it is a 422 which names field and address."""
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    (error,) = answer.get_json()["errors"]
    assert error["field"] == "body"
    assert address in error["message"]


@pytest.mark.parametrize(
    "address", [UNKNOWN, FOREIGN, "//elsewhere.example/x", "data:image/gif;base64,R0lGODlhAQABAAAA"]
)
def test_the_api_refuses_a_picture_that_is_not_ours(site: Site, address: str) -> None:
    body = f"Smoke\n\n![Boats]({address})\n\nMore"
    site.write_article("harbour", live=True, body="Stands")
    update = site.publish("Stands", feed="harbour")
    with site.services.store.read() as db:
        article = articles.get(db, "harbour")
    before = site.versions()
    refusal(site.api("POST", "/api/v1/feeds/harbour/updates", {"body": body}), address)
    refusal(site.api("PATCH", f"/api/v1/updates/{update.id}", {"body": body, "revision": 1}), address)
    refusal(site.api("POST", "/api/v1/articles", {"headline": "Fire", "body": body}), address)
    refusal(site.api("PATCH", "/api/v1/articles/harbour", {"body": body}), address)
    past = {"body": body, "published_at": "2026-01-02T03:04:05Z"}
    refusal(site.api("POST", "/api/v1/feeds/news/updates", past), address)
    assert site.versions() == before
    with site.services.store.read() as db:
        assert articles.get(db, "harbour") == article


@pytest.mark.parametrize("address", [UNKNOWN, FOREIGN])
def test_the_desk_gives_the_words_back_and_says_which_picture(site: Site, address: str) -> None:
    site.write_article("harbour", body="Stands")
    update = site.publish("Stands")
    bob, body = site.at_desk(), f"My words ![Boats]({address})"
    for path, more in (
        ("/desk/feeds/news/updates", {"headline": "Fire"}),
        (f"/desk/updates/{update.id}", {"headline": "Fire", "revision": "1"}),
        ("/desk/articles", {"headline": "Fire"}),
        ("/desk/articles/harbour", {"headline": "Fire", "revision": "1"}),
    ):
        answer = send(bob, path, body=body, **more)
        assert (answer.status_code, field(answer, "body"), field(answer, "headline")) == (422, body, "Fire")
        assert any(address in each.text_content() for each in elements(answer.text, "p", class_="reason"))
    with site.services.store.read() as db:
        assert updates.get(db, update.id) == update


def test_a_picture_brings_size_colour_caption_and_credit_to_every_reader(site: Site) -> None:
    picture = a_picture(site, caption="At <dawn>", credit="C. Amera")
    site.write_article("harbour", live=True, body=f"![]( /pictures/{picture} )\n\nMore")
    made = site.api(
        "POST", "/api/v1/feeds/harbour/updates", {"body": f"Look\n\n![Boats](/pictures/{picture})"}
    ).get_json()
    for html, alt in ((site.charlie.get("/articles/harbour").text, "A tug"), (made["html"], "Boats")):
        shown = element(html, "img", src=f"/pictures/{picture}", alt=alt)
        assert (shown.get("width"), shown.get("height")) == ("1200", "800")
        assert shown.get("srcset") == f"/pictures/{picture}?small 640w, /pictures/{picture} 1200w"
        assert shown.get("data-colour")
        assert shown.get("style") is None, "the policy of our pages allows none"
        figure = shown.getparent()
        assert (figure.tag, figure.find("figcaption").text_content()) == ("figure", "At <dawn> (C. Amera)")
    update = made["id"]
    page = site.charlie.get("/articles/harbour").text
    pushed = site.charlie.get("/feeds/harbour/changes?after=0&epoch=" + epoch(site)).get_json()["changes"]
    assert made["html"] in page
    assert made["html"] == site.api("GET", f"/api/v1/updates/{update}").get_json()["html"]
    assert made["html"] in [each["html"] for each in pushed]
    assert [each.get("id") for each in search(site, "dawn")] == [f"update-{update}"], "by its caption"
    assert [each.get("id") for each in search(site, "boats")] == [f"update-{update}"], "by what it shows"


def test_a_decorative_picture_is_passed_over_wherever_it_is_shown(site: Site) -> None:
    bob = site.at_desk()
    form = {"file": (png(), "line.png"), "credit": "C. Amera", "decorative": "1"}
    assert send(bob, "/desk/pictures", **form, alt="").status_code == 303
    shelf = element(bob.get("/desk/pictures").text, "ul", class_="shelf")
    assert shelf.find("li/img").get("alt") == "A decorative picture", "where it is chosen it has a name"
    picture = shelf.find("li/code").text_content().partition("/pictures/")[2].rstrip(")")
    site.write_article("harbour", live=True, picture=picture, body=f"![](/pictures/{picture})")
    update = site.publish(f"![](/pictures/{picture})\n\nSmoke", feed="harbour")
    worded = site.publish(f"![A rule](/pictures/{picture})", feed="harbour")
    page = site.charlie.get("/articles/harbour").text
    shown = [each.get("alt") for each in elements(page, "img") if picture in each.get("src")]
    assert sorted(shown) == ["", "", "", "A rule"]
    assert element(update.html, "img").get("alt") == ""
    for path in ("/articles/harbour", f"/updates/{update.id}"):
        assert not elements(site.charlie.get(path).text, "meta", property="og:image:alt")
    assert element(site.charlie.get(f"/updates/{worded.id}").text, "img", alt="A rule") is not None
    choice = bob.get("/desk/articles/harbour").text
    assert {each.get("alt") for each in elements(choice, "img") if each.get("src")} == {"A decorative picture"}


@pytest.mark.parametrize(
    ("words", "status", "fields"),
    [
        ({"decorative": "true"}, 201, []),
        ({"decorative": "1", "alt": " "}, 201, []),
        ({"decorative": "false", "alt": "A tug"}, 201, []),
        ({"decorative": "true", "alt": "A tug"}, 422, ["alt"]),
        ({"decorative": "false"}, 422, ["alt"]),
        ({"decorative": "perhaps", "credit": "x" * 201}, 422, ["decorative", "credit"]),
        ({"credit": "x" * 201}, 422, ["credit", "alt"]),
    ],
)
def test_the_api_takes_a_decorative_picture(site: Site, words: dict[str, str], status: int, fields: list[str]) -> None:
    form = {"file": (png(), "line.png"), **words}
    answer = site.charlie.post("/api/v1/pictures", data=form, headers={"Authorization": f"Bearer {site.tokens['bob']}"})
    assert answer.status_code == status
    if status == 201:
        said = answer.get_json()
        assert (said["alt"], said["decorative"]) == (
            words.get("alt", "").strip(),
            "alt" not in words or said["alt"] == "",
        )
    else:
        assert [each["field"] for each in answer.get_json()["errors"]] == fields


def epoch(site: Site) -> str:
    with site.services.store.read() as db:
        return str(db.execute("SELECT epoch FROM feeds WHERE slug = 'harbour'").fetchone()[0])


def search(site: Site, sought: str) -> list[Any]:
    return elements(site.charlie.get(f"/feeds/harbour?q={sought}").text, "li", class_="update")


def test_an_article_s_picture_says_how_wide_its_small_variant_is(site: Site) -> None:
    out = io.BytesIO()
    stripes = Image.new("1", (1600, 400))
    stripes.paste(1, (0, 0, 801, 400))
    stripes.rotate(13).save(out, "PNG")  # smaller as it came than with fewer pixels
    picture = pictures.add(
        site.services.store, site.services.settings.media, out.getvalue(), {"alt": "Stripes"}, site.bob
    )
    assert picture.small_width == 1600
    site.write_article("harbour", picture=picture.id)
    for path in ("/articles/harbour", "/"):
        shown = next(each for each in elements(site.charlie.get(path).text, "img") if picture.id in each.get("src"))
        assert (shown.get("srcset"), shown.get("sizes")) == (None, None)
    other = a_picture(site)
    site.write_article("bridge", picture=other)
    page = site.charlie.get("/articles/bridge").text
    assert element(page, "img", src=f"/pictures/{other}").get("srcset").split()[1] == "640w,"


def test_rerendering_leaves_what_would_be_refused_today_and_says_so(site: Site) -> None:
    picture = a_picture(site, caption="At dawn")
    kept, mended = site.publish("One"), site.publish("Two")
    article = site.write_article("harbour", body="Three")
    old = '<p>Words <img src="/pictures/{}" alt="Boats" loading="lazy"></p>'
    site.services.store.write(
        lambda db: [
            db.execute(
                f"UPDATE {table} SET body = ?, html = ? WHERE id = ?", [f"Words ![Boats]({address})", html, number]
            )
            for table, number, address, html in (
                ("updates", kept.id, FOREIGN, "<p>Words Boats</p>"),
                ("updates", mended.id, f"/pictures/{picture}", old.format(picture)),
                ("articles", article.id, UNKNOWN, old.format("0123456789abcdef")),
            )
        ]
    )
    told = list(rerender.rerender(site.services.store))
    assert any(f"updates {kept.id} keeps its HTML: {FOREIGN} is no picture" in each for each in told)
    assert any(f"articles {article.id} keeps its HTML: There is no picture at {UNKNOWN}" in each for each in told)
    with site.services.store.read() as db:
        assert updates.get(db, kept.id).html == "<p>Words Boats</p>"
        assert articles.get(db, "harbour").html == old.format("0123456789abcdef")
        assert "<figcaption>At dawn</figcaption>" in updates.get(db, mended.id).html
    for path in ("/feeds/news", "/articles/harbour", f"/updates/{kept.id}", "/feeds/news.atom"):
        assert site.charlie.get(path).status_code == 200, "what an earlier release stored is shown on"
