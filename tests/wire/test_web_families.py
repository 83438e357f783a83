"""Inviting a family in one step: a guardian, and a session with letters to all; with rubbish in every form."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date, time
from pathlib import Path
from urllib.parse import urlencode

import pytest
import pytest_asyncio

from facilitation.contacts import Contact
from facilitation.facts import zone_of
from facilitation.guardianship import Care
from facilitation.ids import PersonId, SessionId
from facilitation.people import Role
from facilitation.schedule import SeriesKind, instant_of
from server import demo, demo_week
from server.clock import FakeClock
from server.mail.letter import Letter
from server.people.contacts import contacts
from server.store.clinic import Person, ScheduledSession
from tests.support.calendars import read
from tests.support.clinic import ADA, ASH, FAY, GRAY, ROBIN, SAL, Clinic, clinic, typed
from tests.support.visitor import Visitor

NOW = instant_of(date(2026, 11, 30), time(9, 0), zone_of(demo.ZONE))
PAT = {"name": "Pat Placeholder", "email": "Pat@Example.org", "relation": "mother", "phone": "555-0142"}
BAY = PersonId("p-bay")
ALL = "&".join(f"may={each.value}" for each in Care)
RUBBISH = ("\x00", "🦊" * 300, "<script>alert(1)</script>", "2026-02-30T25:61", "9" * 40, " ")


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Clinic]:
    async with clinic(tmp_path, FakeClock(NOW)) as place:
        yield place


@pytest_asyncio.fixture
async def fay(place: Clinic) -> Visitor:
    browser, _ = await place.begin(FAY)
    return browser


def to(place: Clinic, address: str) -> list[Letter]:
    return [each for each in place.mail.letters if each.to == address]


async def family_sessions(place: Clinic) -> list[ScheduledSession]:
    sessions = await place.store.clinic.list_sessions(since=place.clock.now())
    ours = [each for each in sessions if any(seat.person == place.newcomer("pat@example.org") for seat in each.roster)]
    assert all(each.kind is SeriesKind.FAMILY for each in ours)
    return ours


async def with_pat(place: Clinic, browser: Visitor) -> None:
    done = await typed(browser, f"/family/{ASH}/guardian", **PAT, may=Care.SCHEDULE.value)
    assert done.status == 200 and "on its way" in done.text


async def offered(place: Clinic, browser: Visitor) -> tuple[dict[str, str], list[str]]:
    """The hidden fields of the form, and the times it offers."""
    page = (await browser.get(f"/family/{ASH}/session")).text
    times = [each for each in re.findall(r'name="at" value="([^"]*)"', page) if each]
    new_id = re.search(r'name="id" value="(w-[0-9a-f]{8})"', page)
    assert new_id is not None
    return {"id": new_id[1], "guardians": place.newcomer("pat@example.org"), "lead": FAY, "do": "invite"}, times


async def test_one_form_makes_a_guardian_of_somebody_who_was_not_here(place: Clinic, fay: Visitor) -> None:
    body = "&".join([*(f"{name}={value}" for name, value in PAT.items()), ALL]).encode()
    done = await fay.post(f"/family/{ASH}/guardian", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert done.status == 200 and "The invitation is on its way" in done.text
    known = await place.store.clinic.get_person(place.newcomer("pat@example.org"))
    assert known is not None and (known.name, known.role) == ("Pat Placeholder", Role.GUARDIAN)
    held = await place.accounts.book.shelves.guardianships.get(f"{place.newcomer('pat@example.org')} {ASH}")
    assert held is not None and held.value.may == frozenset(Care)
    near = await contacts(place.store.register).get(ASH)
    assert near is not None
    assert [(each.name, each.relation, each.phone, each.guardian) for each in near.value.nearest][-1] == (
        "Pat Placeholder",
        "mother",
        "555-0142",
        place.newcomer("pat@example.org"),
    )
    [letter] = to(place, "pat@example.org")
    assert letter.subject == "Your sign-in" and "/invite/" in letter.text
    browser, _ = await place.begin(place.newcomer("pat@example.org"))
    assert "Ash" in (await browser.get("/home")).text


async def test_of_a_teen_whose_school_nobody_has_noted_the_usual_hours_are_left_alone(
    place: Clinic, fay: Visitor
) -> None:
    await with_pat(place, fay)
    assert "school is over." in (await fay.get(f"/family/{ASH}/session")).text
    new = Person(person=PersonId("p-new"), name="Kay Newcomer", role=Role.PARTICIPANT, track="teen", zone=demo.ZONE)
    await place.store.clinic.put_person(new)
    await typed(fay, "/family/p-new/guardian", **PAT, may=Care.SCHEDULE.value)
    page = (await fay.get("/family/p-new/session")).text
    assert 'href="/school/p-new"' in page and "school is over." not in page
    times = [each for each in re.findall(r'name="at" value="([^"]*)"', page) if each]
    assert times
    for each in times:
        assert date.fromisoformat(each[:10]).weekday() > 4 or each[11:] >= "15:30", each


async def test_who_is_a_guardian_already_gets_no_second_record_and_no_needless_letter(
    place: Clinic, fay: Visitor
) -> None:
    await with_pat(place, fay)
    await place.begin(place.newcomer("pat@example.org"))
    before = len(place.mail.letters)
    again = await typed(fay, f"/family/{ASH}/guardian", **PAT, may=Care.HOURS.value)
    assert "They sign in already" in again.text and len(place.mail.letters) == before
    held = await place.accounts.book.shelves.guardianships.get(f"{place.newcomer('pat@example.org')} {ASH}")
    assert held is not None and held.value.may == {Care.HOURS}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "no address"}, "That is no mail address."),
        ({"name": ""}, "the guardian’s name"),
        ({"may": "everything"}, "from what is offered"),
        ({"email": "ash@example.org"}, "A guardian needs one of their own."),
        ({"email": "robin@example.org"}, "Ask the guardian for another one."),
    ],
)
async def test_a_mistake_is_said_sends_nothing_and_gives_back_what_was_typed(
    place: Clinic, fay: Visitor, wrong: dict[str, str], said: str
) -> None:
    for person in (ASH, ROBIN):
        shelf = contacts(place.store.register)
        held = await shelf.get(person)
        mail = f"{person.removeprefix('p-')}@example.org"
        contact = held.value if held else Contact(person=person)
        await shelf.put(
            Contact(person=person, email=mail, nearest=contact.nearest),
            upon=held.revision if held else 0,
            by="",
            at=NOW,
        )
    answer = await typed(fay, f"/family/{ASH}/guardian", **(PAT | {"may": Care.HOURS.value} | wrong))
    assert answer.status == 422 and said in answer.text and "No letter was sent." in answer.text
    assert "555-0142" in answer.text
    assert await place.store.clinic.get_person(place.newcomer("pat@example.org")) is None and place.mail.letters == []


async def test_one_press_plans_a_family_session_and_writes_to_all_of_them(place: Clinic, fay: Visitor) -> None:
    await with_pat(place, fay)
    for person, mail in ((ASH, "ash@example.org"), (FAY, f"{FAY}@example.org")):
        held = await contacts(place.store.register).get(person)
        contact = Contact(person=person, email=mail, nearest=held.value.nearest if held else ())
        await contacts(place.store.register).put(contact, upon=held.revision if held else 0, by="", at=NOW)
    place.mail.letters.clear()
    form, times = await offered(place, fay)
    assert len(times) == 8
    done = await typed(fay, f"/family/{ASH}/session", **form, at=times[0])
    assert done.status == 200 and "It is planned" in done.text and "Not free" not in done.text
    [session] = await family_sessions(place)
    assert {(each.person, each.role, each.guest) for each in session.roster} == {
        (FAY, Role.FACILITATOR, False),
        (ASH, Role.PARTICIPANT, False),
        (place.newcomer("pat@example.org"), Role.PARTICIPANT, True),
    }
    for address in ("pat@example.org", "ash@example.org", f"{FAY}@example.org"):
        [letter] = [each for each in to(place, address) if each.key.startswith("invited-")]
        assert letter.subject == "Your meeting" and "you are invited to a meeting" in letter.text
        told = await read(letter.attachments[0].data)
        assert told["events"][0]["local"] == f"{times[0]}:00"
    browser, _ = await place.begin(place.newcomer("pat@example.org"))
    assert "Family session" in (await browser.get("/home")).text
    again = await typed(fay, f"/family/{ASH}/session", **form, at=times[0])
    assert again.status == 422 and "This was sent already" in again.text
    assert len(await family_sessions(place)) == 1


async def test_a_time_at_which_somebody_is_busy_is_said_and_kept_only_after_a_yes(place: Clinic, fay: Visitor) -> None:
    await with_pat(place, fay)
    form, times = await offered(place, fay)
    await typed(fay, f"/family/{ASH}/session", **form, at=times[0])
    form, left = await offered(place, fay)
    assert times[0] not in left
    looked = await typed(fay, f"/family/{ASH}/session", **form, at=times[0])
    assert looked.status == 200 and "Not free at that time: " in looked.text
    assert {name in looked.text for name in ("Ash Example", "Pat Placeholder", "Dr. Fay Facilitator")} == {True}
    assert len(await family_sessions(place)) == 1
    await typed(fay, f"/family/{ASH}/session", **form, at=times[0], anyway="1")
    assert len(await family_sessions(place)) == 2


async def test_who_has_no_address_is_named_so_that_somebody_tells_them(place: Clinic, fay: Visitor) -> None:
    await with_pat(place, fay)
    form, times = await offered(place, fay)
    done = await typed(fay, f"/family/{ASH}/session", **form, at=times[-1])
    assert "No mail address is known of: Ash Example." in done.text


async def test_a_time_that_is_over_or_far_away_or_none_at_all_is_refused(place: Clinic, fay: Visitor) -> None:
    await with_pat(place, fay)
    form, _ = await offered(place, fay)
    for at, said in (("2026-11-29T10:00", "over already"), ("2027-06-01T10:00", "8 weeks"), ("", "choose a day")):
        answer = await typed(fay, f"/family/{ASH}/session", **form, at=at)
        assert answer.status == 422 and said in answer.text
    nobody = await typed(fay, f"/family/{ASH}/session", **(form | {"guardians": ""}), at="2026-12-02T10:00")
    assert "Choose who of the family comes." in nobody.text
    assert await family_sessions(place) == []


@pytest.mark.parametrize("field", ["name", "email", "relation", "phone", "may", "guardians", "lead", "id", "at", "day"])
async def test_rubbish_in_any_field_is_answered_in_words(place: Clinic, fay: Visitor, field: str) -> None:
    await with_pat(place, fay)
    form, _ = await offered(place, fay)
    for rubbish in RUBBISH:
        for page in ("guardian", "session"):
            sent = PAT | {"email": "other@example.org"} | form | {"starts": "10:00"} | {field: rubbish}
            answer = await typed(fay, f"/family/{ASH}/{page}", **sent)
            assert answer.status in (200, 422) and "<script>alert" not in answer.text
    assert await family_sessions(place) == []


async def test_an_administrator_invites_from_the_person_and_reads_nothing_else(place: Clinic) -> None:
    ada, _ = await place.begin(ADA)
    page = (await ada.get(f"/people/{ASH}")).text
    assert f"/family/{ASH}/guardian" in page and f"/schedule/people/{ASH}" in page
    assert (await ada.get(f"/family/{ASH}/guardian")).status == 200
    assert (await ada.get(f"/family/{ASH}")).status == 403
    assert (await ada.get(f"/family/{ROBIN}/session")).status == 404


async def test_families_come_to_one_meeting_and_each_guardian_sees_their_own_teen_alone(
    place: Clinic, fay: Visitor
) -> None:
    quin = PAT | {"name": "Quin Placeholder", "email": "quin@example.org"}
    await with_pat(place, fay)
    done = await typed(fay, f"/family/{BAY}/guardian", **quin, may=Care.SCHEDULE.value)
    assert done.status == 200
    sal, _ = await place.begin(SAL)
    guardians = [place.newcomer(f"{each}@example.org") for each in ("pat", "quin")]
    form = {
        "kind": "multi_family",
        "id": "w-0a1b2c3d",
        "revision": "0",
        "title": "Families together",
        "do": "keep",
        "cohort": demo_week.TEENS,
        "plan": "multi-family",
        "every": "once",
        "first": "2026-12-02",
        "starts": "19:00",
        "relatives": guardians,
        "zone": demo.ZONE,
        "interval": "1",
        "lead": FAY,
        "lead_role": "facilitator",
        "anyway": "1",
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    kept = await sal.post("/schedule/series/new?kind=multi_family", urlencode(form, doseq=True).encode(), headers)
    assert kept.status == 303, kept.text
    session = await place.store.clinic.get_session(SessionId("w-0a1b2c3d-20261202"))
    assert session is not None and session.kind is SeriesKind.MULTI_FAMILY
    comes = {each.person: each.guest for each in session.roster if each.role is Role.PARTICIPANT}
    assert comes[ASH] is comes[BAY] is False and all(comes[each] for each in guardians)
    place.clock.advance(ms=instant_of(date(2026, 12, 2), time(18, 50), zone_of(demo.ZONE)) - NOW)
    for guardian, own, other in zip(guardians, ("Ash Example", "Bay Sample"), ("Bay", "Ash"), strict=True):
        browser, _ = await place.begin(guardian)
        home = (await browser.get("/home")).text
        assert "Families together" in home and f'href="/s/{session.session}"' in home
        assert own in home and other not in home
        assert (await browser.get(f"/s/{session.session}")).status == 200
        assert (await browser.get(f"/s/{session.session}/record")).status == 403
    nobodys, _ = await place.begin(GRAY)
    assert (await nobodys.get(f"/s/{session.session}")).status == 403
