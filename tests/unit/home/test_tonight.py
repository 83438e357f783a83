"""One's own words from the last wrap-up: to oneself alone, until the next meeting."""

from __future__ import annotations

from facilitation import commands as c
from facilitation.timebase import HOUR_MS, MINUTE_MS
from tests.support.evening import FAY, Evening
from tests.support.homes import DAY_MS, ROBIN, SAM, TUESDAY_6_PM, House, at_the_end, evening, running, wrap_up

PLAN = "Ice water, then call my sister.\nPhone in the kitchen."
LATE = TUESDAY_6_PM + 4 * HOUR_MS


def over(session: str = "s-1", *, days: float = 0) -> Evening:
    """Robin and Sam have wrapped up, each in their own words; Alex has not."""
    held = at_the_end(session, days=days)
    wrap_up(held, ROBIN, plan=PLAN, takeaway="Urges pass.")
    wrap_up(held, SAM, plan="Sam’s own plan")
    held.at(200).do(c.EndSession(), FAY)
    return held


async def test_after_a_meeting_ones_own_plan_stands_at_home_under_the_questions_it_answered() -> None:
    told = await (await House(over(), now=LATE).fill()).told("tonight", ROBIN)
    assert told["said"] == [
        {"asked": "One thing you take with you", "text": "Urges pass."},
        {"asked": "Your plan for tonight", "text": PLAN},
    ]
    assert told["tonight"] is True


async def test_what_was_not_answered_is_left_out() -> None:
    told = await (await House(over(), now=LATE).fill()).told("tonight", SAM)
    assert [each["text"] for each in told["said"]] == ["Sam’s own plan"]


async def test_who_wrote_nothing_is_shown_nothing_and_never_anothers_words() -> None:
    house = await House(over(), now=LATE).fill()
    page = await house.page(house.evenings[0].people[2])
    assert "Sam’s own plan" not in str(page) and "Ice water" not in str(page)
    assert next(card for card in page["cards"] if card["name"] == "tonight")["said"] == []


async def test_what_was_handed_in_last_counts() -> None:
    held = at_the_end()
    wrap_up(held, ROBIN, plan="First thought")
    wrap_up(held, ROBIN, plan="Second thought")
    told = await (await House(held, now=LATE).fill()).told("tonight", ROBIN)
    assert [each["text"] for each in told["said"]] == ["Second thought"]


async def test_the_next_day_it_is_what_one_took_with_one() -> None:
    told = await (await House(over(), evening("s-2", days=2), now=TUESDAY_6_PM + DAY_MS).fill()).told("tonight", ROBIN)
    assert (told["tonight"], told["day"]) == (False, "Tuesday, November 24")
    assert told["said"]


async def test_it_goes_when_the_next_meeting_begins() -> None:
    next_one = running("s-2", ROBIN, days=1)
    told = await (await House(over(), next_one, now=TUESDAY_6_PM + DAY_MS + MINUTE_MS).fill()).told("tonight", ROBIN)
    assert told["said"] == []


async def test_it_goes_after_a_week() -> None:
    assert (await (await House(over(), now=TUESDAY_6_PM + 7 * DAY_MS).fill()).told("tonight", ROBIN))["said"] == []


async def test_answers_in_numbers_and_about_safety_are_not_repeated() -> None:
    told = await (await House(over(), now=LATE).fill()).told("tonight", ROBIN)
    assert "safe" not in str(told) and "mood" not in str(told).casefold()


async def test_staff_have_no_such_card() -> None:
    house = await House(over(), now=LATE).fill()
    assert await house.card("tonight", FAY) is None
    assert "Ice water" not in str(await house.page(FAY))
