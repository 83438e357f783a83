"""What is now, what is next, and who is there today."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation import commands as c
from facilitation.ids import SessionId
from facilitation.makeups import ToldAhead
from facilitation.people import Expected, Role
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from server.school.shelves import Shelves
from tests.support.evening import FAY, usual
from tests.support.homes import ALEX, DAY_MS, ROBIN, SAM, TUESDAY_6_PM, House, evening, running, signed


async def test_a_quarter_of_an_hour_before_its_start_a_meeting_is_what_is_now() -> None:
    doors = TUESDAY_6_PM - 15 * MINUTE_MS
    before = await (await House(evening(), now=doors - 1).fill()).told("now", ROBIN)
    assert before["on"] == []
    assert (before["next"]["day"], before["next"]["time"]) == ("Today", "6:00 PM – 9:20 PM")
    assert (before["doors"], before["doors_in_ms"]) == ("5:45 PM", 1)
    then = await (await House(evening(), now=doors).fill()).told("now", ROBIN)
    assert [each["url"] for each in then["on"]] == ["/s/s-1"]
    assert then["next"] is None


@pytest.mark.parametrize(("minutes", "on"), [(0, True), (199, True), (200, False)])
async def test_a_meeting_that_nobody_started_is_what_is_now_until_its_planned_end(minutes: int, on: bool) -> None:
    house = await House(evening(), now=TUESDAY_6_PM + minutes * MINUTE_MS).fill()
    assert bool((await house.told("now", ROBIN))["on"]) is on


async def test_one_that_runs_over_is_what_is_now_until_somebody_ends_it() -> None:
    going = running("s-1", ROBIN)
    now = TUESDAY_6_PM + 5 * HOUR_MS
    assert (await (await House(going, now=now).fill()).told("now", ROBIN))["on"]
    going.at(290).do(c.EndSession(), FAY)
    assert (await (await House(going, now=now).fill()).told("now", ROBIN))["on"] == []


async def test_a_room_that_somebody_opened_a_day_early_is_not_what_is_now() -> None:
    early = evening("s-early")
    early.at(-20).connect(FAY)
    early.scheduled = replace(early.scheduled, starts_at=Instant(TUESDAY_6_PM + DAY_MS))
    house = await House(early, evening("s-today"), now=TUESDAY_6_PM + MINUTE_MS).fill()
    assert [each["session"] for each in (await house.told("now", FAY))["on"]] == ["s-today"]


async def test_what_runs_comes_before_what_only_could() -> None:
    waiting, going = evening("s-waiting", days=-0.1), running("s-going", ROBIN)
    house = await House(waiting, going, now=TUESDAY_6_PM + MINUTE_MS).fill()
    assert [each["session"] for each in (await house.told("now", FAY))["on"]] == ["s-going", "s-waiting"]


async def test_times_are_in_ones_own_zone() -> None:
    house = await House(evening(), now=TUESDAY_6_PM - 20 * HOUR_MS).fill(zone="Asia/Tokyo")
    page = await house.page(ROBIN)
    assert page["now"] == "Tuesday, November 24"
    assert (page["cards"][0]["next"]["day"], page["cards"][0]["next"]["time"]) == ("Tomorrow", "8:00 AM – 11:20 AM")


async def test_what_comes_after_the_next_is_a_list_with_an_end() -> None:
    house = await House(*(evening(f"s-{n}", days=n) for n in range(9)), now=TUESDAY_6_PM - HOUR_MS).fill()
    assert (await house.told("now", ROBIN))["next"]["session"] == "s-0"
    coming = await house.told("coming", ROBIN)
    assert [each["session"] for each in coming["meetings"]] == [f"s-{n}" for n in range(1, 4)]
    assert [each["day"] for each in coming["meetings"]][:2] == ["Tomorrow", "Thursday, November 26"]
    assert coming["more"] == 5


async def test_what_staff_have_today_stands_among_todays_groups_and_is_not_said_again() -> None:
    house = await House(
        evening("s-0"), evening("s-1", days=0.1), evening("s-2", days=1), now=TUESDAY_6_PM - HOUR_MS
    ).fill()
    assert [each["session"] for each in (await house.told("groups", FAY))["groups"]] == ["s-0", "s-1"]
    assert [each["session"] for each in (await house.told("coming", FAY))["meetings"]] == ["s-2"]
    assert [each["session"] for each in (await house.told("coming", ROBIN))["meetings"]] == ["s-1", "s-2"]


async def test_while_a_meeting_is_on_the_next_one_is_what_comes() -> None:
    house = await House(evening("s-0"), evening("s-1", days=1), now=TUESDAY_6_PM).fill()
    assert [each["session"] for each in (await house.told("coming", ROBIN))["meetings"]] == ["s-1"]


async def test_nothing_further_to_come_is_no_card() -> None:
    house = await House(evening(), now=TUESDAY_6_PM - HOUR_MS).fill()
    assert await house.card("coming", ROBIN) is None


async def test_a_cancelled_meeting_is_not_there() -> None:
    off = evening()
    off.scheduled = replace(off.scheduled, cancelled="Snow")
    told = await (await House(off, now=TUESDAY_6_PM - HOUR_MS).fill()).told("now", ROBIN)
    assert told["on"] == [] and told["next"] is None


# --------------------------------------------------------------------------- whose


async def test_by_link_a_participant_has_the_meetings_of_their_links_and_signed_in_all_of_theirs() -> None:
    house = await House(evening("s-1"), evening("s-2", days=1), now=TUESDAY_6_PM - HOUR_MS).fill()
    by_link = {"signed_in": False, "seats": frozenset({"s-1"})}
    assert await house.card("coming", ROBIN, **by_link) is None
    assert [each["session"] for each in (await house.told("coming", ROBIN))["meetings"]] == ["s-2"]


async def test_staff_by_link_have_all_on_whose_list_they_stand_as_staff() -> None:
    other = evening("s-2", days=1)
    other.scheduled = replace(
        other.scheduled, roster=(Expected(person=FAY, role=Role.PARTICIPANT, name="Fay"), *other.scheduled.roster[1:])
    )
    house = await House(evening("s-1"), other, evening("s-3", days=2), now=TUESDAY_6_PM - HOUR_MS).fill()
    coming = await house.told("coming", FAY, signed_in=False, seats=frozenset({"s-1"}))
    assert [each["session"] for each in coming["meetings"]] == ["s-3"]


async def test_addresses_keep_the_seat_of_a_shared_browser() -> None:
    house = await House(evening(), now=TUESDAY_6_PM).fill()
    page = await house.page(FAY, signed_in=False, number=2, seats=frozenset({"s-1"}))
    assert page["cards"][0]["on"][0]["url"] == "/s/s-1?seat=2"
    groups = next(card["groups"] for card in page["beside"] if card["name"] == "tools")
    links = [each["url"] for group in groups for each in group["links"]]
    assert links and all(link.endswith("?seat=2") for link in links)


# --------------------------------------------------------------------------- today's groups


async def test_staff_see_who_is_missing_once_that_was_noticed() -> None:
    going = running("s-1", ROBIN)
    [group] = (await (await House(going, now=TUESDAY_6_PM + MINUTE_MS).fill()).told("groups", FAY))["groups"]
    assert (group["came"], group["expected"], group["missing"]) == (1, 3, [])
    going.at(4).do(c.Tick())
    [group] = (await (await House(going, now=TUESDAY_6_PM + 4 * MINUTE_MS).fill()).told("groups", FAY))["groups"]
    assert (group["came"], group["missing"], group["more_missing"]) == (1, ["Sam", "Alex"], 0)
    assert group["unsought"] is True


async def test_who_came_late_after_all_is_missing_no_more_and_whom_somebody_called_for_needs_no_reminder() -> None:
    going = running("s-1", ROBIN)
    going.at(4).do(c.Tick())
    going.at(5).do(c.ReachOut(person=SAM, whom="self", outcome="no_answer"), FAY)
    going.come(ALEX)
    [group] = (await (await House(going, now=TUESDAY_6_PM + 5 * MINUTE_MS).fill()).told("groups", FAY))["groups"]
    assert (group["missing"], group["unsought"]) == (["Sam"], False)


async def test_who_told_ahead_is_not_missing() -> None:
    going = evening()
    told = c.TellAbsence(person=SAM, away=True, teller=SAM, name="Sam", told_at=going.now, reason="Dentist")
    going.at(-20).do(told)
    going.at(0).come(FAY)
    going.do(c.StartSession(), FAY)
    going.at(4).do(c.Tick())
    [group] = (await (await House(going, now=TUESDAY_6_PM + 4 * MINUTE_MS).fill()).told("groups", FAY))["groups"]
    assert (group["missing"], group["told"]) == (["Robin", "Alex"], ["Sam"])
    assert "Dentist" not in str(group), "why is for the record"


async def test_who_told_ahead_is_named_before_anybody_has_opened_the_room() -> None:
    house = await House(evening(), now=TUESDAY_6_PM - HOUR_MS).fill()
    told = Shelves(house.store.register).told
    for person, away in ((SAM, True), (ALEX, False)):
        said = ToldAhead(
            session=SessionId("s-1"), person=person, away=away, teller=person, name="", at=Instant(TUESDAY_6_PM)
        )
        await told.put(said, upon=0, by=person, at=Instant(TUESDAY_6_PM))
    [group] = (await house.told("groups", FAY))["groups"]
    assert (group["told"], group["missing"]) == (["Sam"], [])


async def test_before_the_start_nobody_is_missing_yet() -> None:
    early = evening()
    early.at(-5).come(FAY)
    early.come(SAM)
    [group] = (await (await House(early, now=TUESDAY_6_PM - 4 * MINUTE_MS).fill()).told("groups", FAY))["groups"]
    assert (group["begun"], group["came"]) == (False, 1)


async def test_many_who_are_missing_are_named_in_part_and_counted() -> None:
    going = running("s-1", people=12)
    going.at(4).do(c.Tick())
    [group] = (await (await House(going, now=TUESDAY_6_PM + 4 * MINUTE_MS).fill()).told("groups", FAY))["groups"]
    assert (len(group["missing"]), group["more_missing"]) == (6, 6)


async def test_todays_groups_are_those_of_today_where_one_is_and_lead_to_room_or_notes() -> None:
    over, other_day = signed(usual(evening("s-over", days=-0.2))), evening("s-tomorrow", days=1)
    house = await House(over, evening("s-now"), other_day, now=TUESDAY_6_PM).fill()
    groups = (await house.told("groups", FAY))["groups"]
    assert [(each["session"], each["status"]) for each in groups] == [("s-over", "signed"), ("s-now", "scheduled")]
    assert groups[0]["record_url"] == "/s/s-over/record"
    yesterday = await House(usual(evening("s-over")), now=TUESDAY_6_PM + DAY_MS).fill()
    assert (await yesterday.told("groups", FAY))["groups"] == []


async def test_participants_are_told_nothing_of_who_is_there() -> None:
    house = await House(running("s-1", ROBIN, ALEX), now=TUESDAY_6_PM).fill()
    page = await house.page(ROBIN)
    assert {card["name"] for card in page["cards"]} == {"now", "tonight", "diary", "week", "milestones", "tools"}
    assert "Sam" not in str(page) and "Alex" not in str(page)
    assert page["cards"][0]["on"][0]["record_url"] is None
