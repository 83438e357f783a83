"""A guardian who is one no more: they see nothing from that moment on, are told kindly, and what was stays known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
import pytest_asyncio

from facilitation.contacts import Contact, Nearest
from facilitation.facts import zone_of
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.schedule import SeriesKind, instant_of
from server import demo
from server.clock import FakeClock
from server.mail.letter import revealing
from server.people.contacts import contacts
from server.store.clinic import ScheduledSession
from tests.support.calendars import read
from tests.support.clinic import ADA, ASH, FAY, OLA, ROBIN, UMA, Clinic, clinic, typed
from tests.support.visitor import Visitor

NOW = instant_of(date(2026, 11, 30), time(9, 0), zone_of(demo.ZONE))
GALE = PersonId("p-gale")
PAGE = f"/family/{ASH}/guardians/{GALE}"
WARD_PAGES = (f"/away/{ASH}", f"/school/{ASH}", f"/waiting/{ASH}", f"/consents/{ASH}")
WHY = "The court gave custody to the other parent"
TODAY = {"do": "end", "day": "2026-11-30", "why": WHY}


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    """Gale can be reached by mail, is called about Ash, and is invited to a family session with them."""
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        shelf = contacts(place.store.register)
        ash, gale = await shelf.get(ASH), await shelf.get(GALE)
        near = (Nearest(name="Gale", relation="aunt", phone="555-0111", guardian=GALE),)
        near += (Nearest(name="Pat", relation="neighbour", phone="555-0112"),)
        await shelf.put(Contact(person=ASH, nearest=near), upon=ash.revision if ash else 0, by="", at=NOW)
        mine = Contact(person=GALE, email=f"{GALE}@example.org")
        await shelf.put(mine, upon=gale.revision if gale else 0, by="", at=NOW)
        yield place


@pytest_asyncio.fixture
async def fay(place: Clinic) -> Visitor:
    browser, _ = await place.begin(FAY)
    return browser


async def revision(place: Clinic) -> str:
    return str((await held(place))[0])


async def held(place: Clinic) -> tuple[int, Guardianship]:
    found = await place.accounts.book.shelves.guardianships.get(f"{GALE} {ASH}")
    assert found is not None
    return found.revision, found.value


async def end(place: Clinic, browser: Visitor, **more: str) -> None:
    done = await typed(browser, PAGE, **(TODAY | {"revision": await revision(place)} | more))
    assert done.status == 303, done.text


async def invited(place: Clinic, fay: Visitor) -> ScheduledSession:
    """A family session with Gale, two days from now."""
    fields = {
        "id": "w-0a1b2c3d",
        "guardians": GALE,
        "lead": FAY,
        "do": "invite",
        "at": "2026-12-02T10:00",
        "anyway": "1",
    }
    done = await typed(fay, f"/family/{ASH}/session", **fields)
    assert done.status == 200 and "It is planned" in done.text, done.text
    return await family_session(place)


async def family_session(place: Clinic) -> ScheduledSession:
    near = await place.store.clinic.list_sessions(since=NOW)
    return next(each for each in near if each.kind is SeriesKind.FAMILY and each.series == "w-0a1b2c3d")


async def test_from_that_moment_on_they_see_nothing_and_are_told_kindly(place: Clinic, fay: Visitor) -> None:
    gale, _ = await place.begin(GALE)
    weeks = (await gale.get("/home")).text.count("This week")
    place.mail.letters.clear()
    await end(place, fay)
    for path in WARD_PAGES:
        assert (await gale.get(path)).status == 403, path
    home = (await gale.get("/home")).text
    assert home.count("This week") == weeks - 1 and WHY not in home
    assert "you are not noted as the guardian of Ash Example here" in home and "You did nothing wrong" in home
    [letter] = [each for each in place.mail.letters if each.to == f"{GALE}@example.org"]
    assert "your home page says what" in letter.text and "Ash" not in letter.text + letter.subject
    assert revealing(letter.text) == []
    place.clock.advance(minutes=61 * 24 * 60)
    gale, _ = await place.begin(GALE)
    assert "not noted as the guardian" not in (await gale.get("/home")).text


async def test_they_come_off_the_lists_of_the_familys_meetings_and_out_of_its_calendar(
    place: Clinic, fay: Visitor
) -> None:
    session = await invited(place, fay)
    gale, _ = await place.begin(GALE)
    assert "These meetings go on without them" in (await fay.get(PAGE)).text
    assert "Family session" in (await gale.get("/home")).text
    place.mail.letters.clear()
    await end(place, fay)
    after = await family_session(place)
    assert {each.person for each in session.roster} - {each.person for each in after.roster} == {GALE}
    assert (await gale.get(f"/s/{session.session}")).status == 403
    assert "Family session" not in (await gale.get("/home")).text
    [told] = [each for each in place.mail.letters if each.attachments]
    assert told.to == f"{GALE}@example.org" and "you are not expected there any more" in told.text
    assert (await read(told.attachments[0].data))["events"][0]["status"] == "CANCELLED"


async def test_an_end_that_was_a_mistake_is_taken_back_with_the_lists(place: Clinic, fay: Visitor) -> None:
    await invited(place, fay)
    await end(place, fay)
    done = await typed(fay, PAGE, do="resume", revision=await revision(place))
    assert done.status == 303
    assert GALE in {each.person for each in (await family_session(place)).roster}
    gale, _ = await place.begin(GALE)
    for path in WARD_PAGES:
        assert (await gale.get(path)).status == 200, path
    page = (await fay.get(PAGE)).text
    assert page.count(WHY) == 1 and "Ended on November 30, 2026" in page  # it stands in what was


async def test_nobody_calls_them_about_the_teen_any_more_unless_that_is_wanted(place: Clinic, fay: Visitor) -> None:
    async def called() -> list[str]:
        contact = await contacts(place.store.register).get(ASH)
        assert contact is not None
        return [each.name for each in contact.value.nearest]

    await end(place, fay)
    assert await called() == ["Gale", "Pat"]
    await typed(fay, PAGE, do="resume", revision=await revision(place))
    await end(place, fay, calls="1")
    assert await called() == ["Pat"]


async def test_an_end_on_a_day_to_come_is_said_before_and_holds_from_that_midnight_on(
    place: Clinic, fay: Visitor
) -> None:
    gale, _ = await place.begin(GALE)
    await end(place, fay, day="2026-12-02")
    assert "you answer for Ash Example until December 2, 2026" in (await gale.get("/home")).text
    assert (await gale.get(f"/away/{ASH}")).status == 200
    place.clock.advance(minutes=2 * 24 * 60 - 9 * 60)
    assert (await gale.get(f"/away/{ASH}")).status == 403


async def test_what_a_guardian_looks_at_stands_in_the_audit_log(place: Clinic) -> None:
    gale, _ = await place.begin(GALE)
    await gale.get("/home")
    for path in WARD_PAGES:
        await gale.get(path)
    found = (await place.store.audit.search(by=GALE)).traces
    told = {each.action for each in found if ASH in each.about}
    assert {"see how one's teens are doing", "say that somebody will not come, and ask for a make-up"} <= told


async def test_what_was_stays_known_to_staff_with_who_said_so(place: Clinic, fay: Visitor) -> None:
    await typed(fay, PAGE, do="allow", may=Care.SCHEDULE.value, revision=await revision(place))
    assert (await held(place))[1].may == {Care.SCHEDULE}
    await end(place, fay)
    page = (await fay.get(PAGE)).text
    assert WHY in page and "May see when meetings are." in page and "Dr. Fay Facilitator" in page
    family = (await fay.get(f"/family/{ASH}")).text
    assert "Gale Guardian, until November 30, 2026" in family and WHY not in family
    deeds = [each.action async for each in place.store.audit.all() if each.about == (ASH, GALE)]
    assert {"changed what a guardian may", "ended that somebody is a guardian"} <= set(deeds)
    assert WHY not in str([each async for each in place.store.audit.all()])


async def test_the_same_list_again_makes_nobody_a_guardian_who_is_one_no_more(place: Clinic, fay: Visitor) -> None:
    await end(place, fay)
    ada, _ = await place.begin(ADA)
    shelf = contacts(place.store.register)
    ash = await shelf.get(ASH)
    assert ash is not None
    await shelf.put(replace(ash.value, email="ash@example.org"), upon=ash.revision, by="", at=NOW)
    rows = (
        "name,email,track,guardian,guardian email\nAsh Example,ash@example.org,teen,Gale Guardian,p-gale@example.org\n"
    )
    assert (await typed(ada, "/people/list", text=rows, zone=demo.ZONE, do="take")).status == 200
    assert (await held(place))[1].over(place.clock.now())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"why": ""}, "Please fill in why it ends."),
        ({"why": "x" * 301}, "too long"),
        ({"day": ""}, "Please choose a day"),
        ({"day": "2026-02-30"}, "That is no day"),
        ({"day": "2020-01-01"}, "noted as a guardian only since a later day"),
        ({"day": "2030-01-01"}, "within the next 366 days"),
        ({"revision": "99"}, "Somebody else changed the same just now"),
        ({"do": "everything"}, "This form is not whole"),
        ({"do": "allow", "may": "everything"}, "from what is offered"),
    ],
)
async def test_a_mistake_is_said_changes_nothing_and_gives_back_what_was_typed(
    place: Clinic, fay: Visitor, wrong: dict[str, str], said: str
) -> None:
    before = await held(place)
    answer = await typed(fay, PAGE, **(TODAY | {"revision": await revision(place)} | wrong))
    assert answer.status == 422 and said in answer.text and "Nothing was changed." in answer.text
    if "why" not in wrong:
        assert WHY in answer.text
    assert await held(place) == before and place.mail.letters == []


async def test_the_office_ends_it_from_the_person_and_readers_do_not(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    assert PAGE in (await ada.get(f"/people/{ASH}")).text
    await end(place, ada)
    for person in (OLA, UMA, ROBIN, GALE):
        browser, _ = await place.begin(person)
        assert (await browser.get(PAGE)).status == 403
        assert (await typed(browser, PAGE, **TODAY)).status == 403
    assert (await ada.get(f"/family/{ROBIN}/guardians/{GALE}")).status == 404


async def test_who_is_a_guardian_no_more_is_not_put_on_a_new_list_unseen(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    await end(place, ada)
    fields = {
        "id": "w-1a2b3c4d",
        "kind": "family",
        "title": "Family session",
        "plan": "family",
        "zone": demo.ZONE,
        "every": "once",
        "first": "2026-12-03",
        "starts": "10:00",
        "people": ASH,
        "relatives": GALE,
        "lead": FAY,
        "lead_role": "facilitator",
        "programme": "teen-iop",
        "rules": "",
        "term": "",
        "do": "keep",
    }
    answer = await typed(ada, "/schedule/series/new", **fields)
    assert "Gale Guardian is not their guardian any more." in answer.text
