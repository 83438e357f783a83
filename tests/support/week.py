"""A week in the middle of it, for pages and meters: Wednesday noon, two evenings held, two still to come.

New York, November 2026; the adult plan counts for three hours, the week asks for nine. Evenings on Monday, Tuesday,
Wednesday and Thursday; each person is on the list of all four, but Kim, who comes to the first and the last.

              Monday (signed)   Tuesday (not signed)   to come
    Robin     3 h               3 h                    Wed, Thu 6 h     12 h are possible
    Sam       3 h               –                      Wed, Thu 6 h      9 h: needs every session
    Alex      –                 –                      Wed, Thu 6 h      6 h: misses it by 3 h
    Jo        –, excused        3 h                    Wed, Thu 6 h      9 h: needs every session
    Kim       3 h               not invited            Thu 3 h           6 h: misses it by 3 h
"""

from __future__ import annotations

from dataclasses import replace

from facilitation import commands as c
from facilitation.ids import PersonId
from facilitation.timebase import HOUR_MS
from tests.support.evening import FAY, Evening

MONDAY_6_PM = 1_795_474_800_000
"""2026-11-23 in New York."""
DAY_MS = 24 * HOUR_MS
WEDNESDAY_NOON = MONDAY_6_PM + 2 * DAY_MS - 6 * HOUR_MS
ROBIN, SAM, ALEX, JO, KIM = (PersonId(f"p-{number}") for number in range(1, 6))


def held(evening: Evening, *there: PersonId) -> Evening:
    """The whole plan, to the minute, with these people in it from the first second to the last."""
    evening.at(-10).come(FAY)
    for person in there:
        evening.come(person)
    evening.at(0).do(c.StartSession(), FAY)
    minutes = 0
    *most, last = evening.state.agenda.plan.segments
    for segment in most:
        minutes += segment.planned_ms // 60_000
        evening.at(minutes).move_on()
    evening.at(minutes + last.planned_ms // 60_000).do(c.EndSession(), FAY)
    return evening


def signed(evening: Evening) -> Evening:
    evening.at(240)
    for person in evening.people:
        evening.write(person, "Took part.")
        evening.sign(person)
    return evening


def week() -> tuple[Evening, ...]:
    def on(day: int, name: str) -> Evening:
        return Evening(session=f"s-{name}", starts_at=MONDAY_6_PM + day * DAY_MS, people=5, title="Evening group")

    monday = signed(held(on(0, "monday"), ROBIN, SAM, KIM))
    monday.do(c.ExplainAbsence(person=JO, kind="excused", reason="At the dentist"), FAY)
    tuesday = without_kim(on(1, "tuesday"))
    held(tuesday, ROBIN, JO)
    return monday, tuesday, without_kim(on(2, "wednesday")), on(3, "thursday")


def without_kim(evening: Evening) -> Evening:
    """Kim is not on this evening's list. Before it is lived: the list is that of the schedule."""
    roster = tuple(each for each in evening.scheduled.roster if each.person != KIM)
    evening.scheduled = replace(evening.scheduled, roster=roster)
    evening.people.remove(KIM)
    return evening
