"""Pages speak the language that somebody chose, else the one that their browser asks for."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from server.web.catalogues import LANGUAGES, catalogue
from tests.support.place import FAY, ROBIN, SAM, Place
from tests.support.visitor import Answer, Visitor

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def visitor(place: Place) -> Visitor:
    return Visitor(place.url)


async def choose(visitor: Visitor, language: str, back: str = "/") -> Answer:
    return await visitor.post("/language", urlencode({"language": language, "back": back}).encode(), FORM)


@pytest.mark.parametrize(
    ("asked_for", "spoken"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-US,en;q=0.9,es;q=0.8", "en"),
        ("fr, es;q=0.5, en;q=0.4", "es"),
        ("es;q=0, en;q=0.1", "en"),
        ("fr", "en"),
        ("es;q=nonsense", "en"),
        (",;=" * 400 + "es", "en"),
    ],
)
async def test_a_browser_is_answered_in_the_language_it_asks_for(visitor: Visitor, asked_for: str, spoken: str) -> None:
    page = await visitor.get("/", {"Accept-Language": asked_for})
    assert page.headers["Content-Language"] == spoken
    assert f'<html lang="{spoken}"' in page.text
    assert ("Te damos la bienvenida" in page.text) is (spoken == "es")


async def test_what_somebody_chose_holds_against_their_browser_until_they_choose_anew(visitor: Visitor) -> None:
    assert (await choose(visitor, "es")).status == 303
    assert "Te damos la bienvenida" in (await visitor.get("/", {"Accept-Language": "en"})).text
    await choose(visitor, "en")
    assert "Welcome" in (await visitor.get("/", {"Accept-Language": "es"})).text


async def test_a_choice_leads_back_to_where_it_was_made_and_never_away(visitor: Visitor) -> None:
    assert (await choose(visitor, "es", "/s/s-evening?seat=2")).headers["Location"] == "/s/s-evening?seat=2"
    for away in ("//elsewhere.example", "/\\elsewhere.example", "https://elsewhere.example", "", "/" * 999, "/\n/x"):
        assert (await choose(visitor, "es", away)).headers["Location"] == "/"


@pytest.mark.parametrize("language", ["", "fr", "EN", "en-XA", "../es"])
async def test_no_other_language_can_be_chosen(visitor: Visitor, language: str) -> None:
    answer = await choose(visitor, language)
    assert answer.status == 400
    assert "Set-Cookie" not in answer.headers


async def test_a_cookie_of_rubbish_is_no_choice(visitor: Visitor) -> None:
    page = await visitor.get("/", {"Cookie": "milieu-language=%00; milieu=x", "Accept-Language": "es"})
    assert page.headers["Content-Language"] == "es"


async def test_every_page_offers_every_language_by_its_own_name(visitor: Visitor) -> None:
    for path in ("/", "/nowhere", "/skills"):
        page = (await visitor.get(path)).text
        assert all(f'lang="{language}"' in page and f">{name}</button>" in page for language, name in LANGUAGES.items())


async def test_refusals_are_in_the_language_of_whoever_is_refused(visitor: Visitor) -> None:
    assert "Aquí no hay nada" in (await visitor.get("/nowhere", {"Accept-Language": "es"})).text


async def test_browsers_keep_a_catalogue_whose_address_changes_with_it(visitor: Visitor) -> None:
    address = catalogue("es").address
    assert f'data-words="{address}"' in (await visitor.get("/", {"Accept-Language": "es"})).text
    answer = await visitor.get(address)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    assert "¿Estás a salvo ahora mismo?" in answer.text
    assert (await visitor.get("/words/es-0.mjs")).status == 404
    assert "data-words" not in (await visitor.get("/")).text, "English needs none"


async def test_a_choice_comes_along_to_the_next_browser_that_somebody_opens_their_link_in(place: Place) -> None:
    await choose(await place.opened(place.link(ROBIN)), "es")
    elsewhere = await place.opened(place.link(ROBIN))
    assert "Te damos la bienvenida" in (await elsewhere.get("/")).text
    somebody_else = await place.opened(place.link(FAY))
    assert "Welcome" in (await somebody_else.get("/")).text


async def test_what_was_chosen_in_a_browser_holds_there_whoever_opens_a_link(place: Place, visitor: Visitor) -> None:
    await choose(await place.opened(place.link(ROBIN)), "es")
    await choose(visitor, "en")
    await place.opened(place.link(ROBIN), browser=visitor)
    assert "Welcome" in (await visitor.get("/")).text


async def test_on_a_shared_computer_nobody_chooses_for_the_other(place: Place) -> None:
    shared = await place.opened(place.link(ROBIN), place.link(SAM))
    await choose(shared, "es")
    assert "Welcome" in (await (await place.opened(place.link(ROBIN))).get("/")).text
    assert "Welcome" in (await (await place.opened(place.link(SAM))).get("/")).text
