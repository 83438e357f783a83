"""Staff come in by the clinic's own OpenID Connect provider: a real one on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from facilitation.ids import PersonId
from server.clock import FakeClock
from tests.support.clinic import FAY, ROBIN, Clinic, clinic, typed
from tests.support.provider import CLIENT, SECRET, Provider
from tests.support.serving import served
from tests.support.visitor import Answer, Visitor

Place = tuple[Clinic, Provider]


@pytest_asyncio.fixture
async def place(clock: FakeClock, tmp_path: Path) -> AsyncIterator[Place]:
    provider = Provider()
    async with served(provider.app()) as provider.issuer:
        settings = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
        async with clinic(tmp_path, clock, **settings) as place:
            yield place, provider


async def come(place: Clinic, browser: Visitor | None = None) -> tuple[Visitor, Answer]:
    """There and back again."""
    browser = browser or place.browser()
    to = await browser.get("/sign-in/provider")
    assert to.status == 302
    there = Visitor(to.headers["location"].partition("/authorize")[0])
    back = (await there.get(to.headers["location"])).headers["location"]
    return browser, await browser.get(back)


async def home_of(browser: Visitor) -> str:
    answer = await browser.get("/home")
    return answer.text.partition("Hello, ")[2].partition("<")[0] if answer.status == 200 else ""


async def test_staff_with_an_account_come_in_and_are_bound_to_who_they_are_there(place: Place) -> None:
    clinic, provider = place
    await clinic.begin(FAY)
    assert "Staff: sign in with your clinic" in (await clinic.browser().get("/sign-in")).text
    browser, answer = await come(clinic)
    assert (answer.status, answer.headers["location"]) == (303, "/home")
    assert await home_of(browser) == "Dr. Fay Facilitator"
    provider.subject = "somebody else who got the address later"
    browser, answer = await come(clinic)
    assert answer.status == 422 and await home_of(browser) == ""


@pytest.mark.parametrize(
    ("who", "change"),
    [
        (None, {}),
        (ROBIN, {"email": "p-robin@example.org"}),
        (FAY, {"verified": False}),
        (FAY, {"email": "nobody@example.org"}),
        (FAY, {"email": ""}),
    ],
    ids=["no account", "a participant", "address not checked", "another address", "no address"],
)
async def test_nobody_else_comes_in_by_it(place: Place, who: PersonId | None, change: dict[str, Any]) -> None:
    clinic, provider = place
    if who is not None:
        await clinic.begin(who)
    for name, value in change.items():
        setattr(provider, name, value)
    browser, answer = await come(clinic)
    assert answer.status == 422 and "no account for you yet" in answer.text
    assert await home_of(browser) == ""


@pytest.mark.parametrize(
    "spoil", [{"iss": "https://evil.example"}, {"aud": "another"}, {"nonce": "x"}, {"exp": 1}, {"forged": True}]
)
async def test_an_answer_that_does_not_hold_opens_nothing(place: Place, spoil: dict[str, Any]) -> None:
    clinic, provider = place
    await clinic.begin(FAY)
    provider.forged = bool(spoil.pop("forged", False))
    provider.spoil = spoil
    browser, answer = await come(clinic)
    assert answer.status == 422 and await home_of(browser) == ""


@pytest.mark.parametrize("query", ["", "code=x", "code=x&state=y", "error=access_denied", "state=%00&code=%FF"])
async def test_rubbish_that_comes_back_opens_nothing(place: Place, query: str) -> None:
    clinic, _ = place
    assert (await clinic.browser().get(f"/sign-in/provider/back?{query}")).status == 422


async def test_an_answer_to_another_browser_is_no_answer(place: Place) -> None:
    clinic, _ = place
    await clinic.begin(FAY)
    to = await clinic.browser().get("/sign-in/provider")
    there = Visitor(to.headers["location"].partition("/authorize")[0])
    back = (await there.get(to.headers["location"])).headers["location"]
    assert (await clinic.browser().get(back)).status == 422


async def test_a_provider_that_is_down_is_said_in_words_and_the_other_ways_stay(place: Place) -> None:
    clinic, provider = place
    provider.issuer = "http://127.0.0.1:9"
    browser = clinic.browser()
    to = await browser.get("/sign-in/provider")
    answer = await browser.get("/sign-in/provider/back?code=x&state=y") if to.status == 302 else to
    assert answer.status == 422 and "did not answer" in answer.text
    assert (await typed(browser, "/sign-in", email="x@example.org", password="x")).status == 422
