"""What is to be written and signed: whose turn it is, what is late, which safety answer nobody has written about."""

from __future__ import annotations

from facilitation import commands as c
from facilitation.timebase import HOUR_MS
from tests.support.evening import FAY, SUE, Evening, usual
from tests.support.homes import DAY_MS, ROBIN, TUESDAY_6_PM, House, evening, running, signed

NEXT_DAY = TUESDAY_6_PM + DAY_MS


def cosigned(session: str = "s-1") -> Evening:
    return usual(evening(session, supervised=True, programme="co-occurring-iop"))


async def test_notes_are_owed_until_all_are_signed() -> None:
    held = usual(evening())
    signed(held, held.people[0])
    due = await (await House(held, now=NEXT_DAY).fill()).told("due", FAY)
    assert [(row["done"], row["head_count"], row["record_url"]) for row in due["sessions"]] == [(1, 3, "/s/s-1/record")]
    assert due["count"]["open"] == 2
    due = await (await House(signed(usual(evening())), now=NEXT_DAY).fill()).told("due", FAY)
    assert (due["sessions"], due["held"]) == ([], True)


async def test_what_is_owed_stays_when_it_is_weeks_ago_and_the_most_pressing_comes_first() -> None:
    evenings = [usual(evening(f"s-{n}", days=-n)) for n in range(6)]
    due = await (await House(*evenings, now=NEXT_DAY).fill()).told("due", FAY)
    assert [row["session"] for row in due["sessions"]] == ["s-5", "s-4", "s-3"]
    assert due["more"] == 3
    assert (await (await House(usual(evening()), now=TUESDAY_6_PM + 20 * DAY_MS).fill()).told("due", FAY))["sessions"]


async def test_before_the_first_group_the_card_says_what_will_stand_there() -> None:
    due = await (await House(evening(), now=TUESDAY_6_PM - HOUR_MS).fill()).told("due", FAY)
    assert (due["sessions"], due["held"]) == ([], False)


async def test_a_supervisors_turn_comes_when_a_note_is_signed() -> None:
    held = cosigned()
    house = await House(held, now=NEXT_DAY).fill()
    assert (await house.told("due", SUE))["sessions"] == []
    house = await House(signed(held, held.people[0]), now=NEXT_DAY).fill()
    due = await house.told("due", SUE)
    assert (due["count"]["to_cosign"], len(due["sessions"])) == (1, 1)


async def test_a_supervisor_sees_whose_notes_are_late_and_what_was_sent_back() -> None:
    held = signed(cosigned(), ROBIN)
    held.at(220).do(c.ReturnNote(person=ROBIN, text="Please say more of the goal."), SUE)
    house = await House(held, now=TUESDAY_6_PM + 20 * DAY_MS).fill()
    assert (await house.told("lagging", SUE))["facilitators"] == [
        {"name": "Dr. Fay Facilitator", "late": 3, "returned": 1}
    ]
    on_time = await House(cosigned(), now=NEXT_DAY).fill()
    assert (await on_time.told("lagging", SUE))["facilitators"] == []
    assert await on_time.card("lagging", FAY) is None


async def test_a_safety_answer_without_a_word_on_what_was_done_leads_to_the_record() -> None:
    going = running("s-1", ROBIN)
    going.at(5).answer_unsafe(ROBIN)
    house = await House(going, now=TUESDAY_6_PM + HOUR_MS).fill()
    assert await house.card("flags", FAY) is None, "the room itself shows it while it runs"
    going.at(6).drop(ROBIN)
    going.drop(FAY)
    going.at(40).do(c.Tick())
    assert going.state.phase == "ended", "abandoned"
    house = await House(going, now=NEXT_DAY).fill()
    [flag] = (await house.told("flags", FAY))["people"]
    assert (flag["name"], flag["url"]) == ("Robin", "/s/s-1/record#p-1")
    assert await house.card("flags", ROBIN) is None
