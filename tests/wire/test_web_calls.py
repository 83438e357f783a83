"""The contact log of one person, and reminding people by mail to sign: over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation.audit import Deed
from facilitation.contacts import Contact, Nearest
from facilitation.ids import PersonId
from server.clock import FakeClock
from server.door.shelves import consent_files
from server.mail.letter import revealing
from server.people.contacts import contacts
from tests.support.clinic import ADA, ASH, FAY, UMA, Clinic, clinic, typed
from tests.support.visitor import Visitor

NOW = 1_795_561_200_000
GALE = PersonId("p-gale")
CALLED = {"whom": "guardian", "name": "Gale Guardian", "outcome": "left_word"}


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        shelf = contacts(place.store.register)
        for person in (ASH, GALE):
            held = await shelf.get(person)
            nearest = (Nearest(name="Gale Guardian", relation="mother", phone="555-0177", guardian=GALE),)
            contact = Contact(person=person, email=f"{person}@example.org", nearest=nearest if person == ASH else ())
            await shelf.put(contact, upon=held.revision if held else 0, by="", at=NOW)
        yield place


@pytest_asyncio.fixture
async def ada(place: Clinic) -> Visitor:
    browser, _ = await place.begin(ADA)
    return browser


async def test_an_administrator_keeps_whom_they_called_and_how_it_went(place: Clinic, ada: Visitor) -> None:
    page = (await ada.get(f"/calls/{ASH}")).text
    assert "Gale Guardian" in page and 'href="tel:555-0177"' in page and "Nobody was called yet." in page
    for _ in range(2):  # a double press is one call
        assert (await typed(ada, f"/calls/{ASH}", **CALLED)).status == 303
    place.clock.advance(minutes=5)
    assert (await typed(ada, f"/calls/{ASH}", **(CALLED | {"outcome": "reached"}))).status == 303
    page = (await ada.get(f"/calls/{ASH}")).text
    assert page.count("Ada Administrator called Gale Guardian.") == 2
    assert page.index("Reached.") < page.index("Left word.")
    fay, _ = await place.begin(FAY)
    assert "Ada Administrator called Gale Guardian." in (await fay.get(f"/calls/{ASH}")).text


@pytest.mark.parametrize(
    "wrong", [{"whom": "neighbour"}, {"name": "Somebody Else"}, {"outcome": "\x00"}, {"name": "🦊" * 90}, {"whom": ""}]
)
async def test_rubbish_is_refused_in_words_and_kept_nowhere(place: Clinic, ada: Visitor, wrong: dict[str, str]) -> None:
    answer = await typed(ada, f"/calls/{ASH}", **(CALLED | wrong))
    assert answer.status == 422 and "Nothing was changed." in answer.text
    assert "Nobody was called yet." in answer.text


async def test_who_only_reads_and_who_is_treated_keeps_no_log(place: Clinic) -> None:
    uma, _ = await place.begin(UMA)
    assert (await uma.get(f"/calls/{ASH}")).status == 403
    assert (await ((await place.begin(ASH))[0]).get(f"/calls/{ASH}")).status == 403


async def test_one_press_reminds_whoever_has_to_sign_and_not_again_within_three_days(
    place: Clinic, ada: Visitor
) -> None:
    shelf = consent_files(place.store.register)
    held = await shelf.get(ASH)
    if held is not None:  # nobody has signed for Ash
        await shelf.put(type(held.value)(person=ASH), upon=held.revision, by="", at=NOW)
    page = (await ada.get("/consents/missing")).text
    assert "Ash Example" in page and "Remind all of them" in page
    before = len(place.mail.letters)
    answer = await ada.post("/consents/remind")
    letters = place.mail.letters[before:]
    assert answer.headers["Location"] == f"/consents/missing?sent={len(letters)}"
    assert {each.to for each in letters} >= {f"{ASH}@example.org", f"{GALE}@example.org"}
    for each in letters:
        assert each.subject == "Your meeting" and revealing(each.text.replace("localhost", "")) == []
        assert "Ash" not in each.text or each.to.startswith(ASH)
    page = (await ada.get(answer.headers["Location"])).text
    assert "on their way" in page and "Reminded November 24" in page
    traces = [each async for each in place.store.audit.all()]
    assert {ASH, GALE} <= {each.about[0] for each in traces if each.action == Deed.REMINDED and each.by == ADA}
    place.clock.advance(minutes=2 * 24 * 60)
    ada, _ = await place.begin(ADA)  # her screen has locked meanwhile
    assert (await ada.post("/consents/remind")).headers["Location"] == "/consents/missing?sent=0"
    assert "No letter went out" in (await ada.get("/consents/missing?sent=0")).text
