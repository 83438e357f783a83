"""What waits for an answer stands at home: a free seat, a meeting to choose; for guardians by what they may."""

from __future__ import annotations

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.makeups import Invited, ToldAhead
from facilitation.people import Role
from facilitation.timebase import HOUR_MS, Instant
from facilitation.waiting import Wait, Waiting
from server.schedule.shelves import Shelves as ScheduleShelves
from server.school.shelves import Shelves
from tests.support.afternoons import EARLY, LATE, cohort
from tests.support.homes import ROBIN, TUESDAY_6_PM, House, evening

GALE = PersonId("p-gale")
NOW = Instant(TUESDAY_6_PM)


async def offered() -> House:
    """Robin waits in two groups and is offered a seat in one; for tonight they told that they will not come."""
    house = await House(evening(days=1), now=TUESDAY_6_PM).fill()
    shelves, schedule = Shelves(house.store.register), ScheduleShelves(house.store.register)
    for id, title in ((EARLY, "At four"), (LATE, "At seven")):
        await schedule.cohorts.put(cohort(id, title, 4), upon=0, by="", at=NOW)
    seat = Waiting(person=ROBIN, cohort=LATE, since=NOW, standing=Wait.OFFERED, answer_by=Instant(NOW + 48 * HOUR_MS))
    for each in (Waiting(person=ROBIN, cohort=EARLY, since=NOW), seat):
        await shelves.waiting.put(each, upon=0, by="", at=NOW)
    missed = house.evenings[0].scheduled.session
    told = ToldAhead(session=missed, person=ROBIN, away=True, teller=ROBIN, name="Robin", at=NOW)
    await shelves.told.put(told, upon=0, by="", at=NOW)
    one = Invited(missed=missed, person=ROBIN, at=NOW, answer_by=Instant(NOW + 24 * HOUR_MS))
    await shelves.invited.put(one, upon=0, by="", at=NOW)
    return house


async def test_a_free_seat_stands_before_a_list_and_leads_to_its_answer() -> None:
    card = await (await offered()).told("offers", ROBIN)
    assert [(each["group"], each["answer_by"]) for each in card["seats"]] == [
        ("At seven", "November 26, 6:00 PM"),
        ("At four", ""),
    ]
    assert {each["url"] for each in card["seats"]} == {f"/waiting/{ROBIN}"}
    assert [each["url"] for each in card["make_ups"]] == [f"/away/{ROBIN}"]


async def test_what_is_over_or_settled_is_gone() -> None:
    house = await offered()
    house.clock.advance(ms=49 * HOUR_MS)
    card = await house.told("offers", ROBIN)
    assert [each["group"] for each in card["seats"]] == ["At four"] and card["make_ups"] == []


async def test_who_comes_after_all_has_nothing_to_choose() -> None:
    house = await offered()
    told = Shelves(house.store.register).told
    ((_, held),) = (await told.all()).items()
    back = ToldAhead(session=held.value.session, person=ROBIN, away=False, teller=ROBIN, name="Robin", at=NOW)
    await told.put(back, upon=held.revision, by="", at=NOW)
    assert (await house.told("offers", ROBIN))["make_ups"] == []


async def test_nobody_elses_offers_and_no_card_without_any() -> None:
    assert await (await offered()).card("offers", PersonId("p-2")) is None


async def test_a_guardian_sees_what_they_may_answer() -> None:
    for may, seats, make_ups in ((Care.SCHEDULE, 2, 0), (Care.ABSENCES, 0, 1), (Care.HOURS, 0, 0)):
        house = await offered()
        care = Guardianship(guardian=GALE, teen=ROBIN, since=Instant(0), may=frozenset({may}))
        await house.guardianships.put(care, upon=0, by="", at=NOW)
        (teen,) = (await house.told("wards", GALE, Role.GUARDIAN))["teens"]
        assert (len(teen["seats"]), len(teen["make_ups"])) == (seats, make_ups), may
