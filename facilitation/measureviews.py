"""What each may see of measures: people their own answers until they hand them in, staff what was handed in.

Nothing of this is in the group's part of a view. Of an anonymous measure nobody but its author sees an answer.
"""

from __future__ import annotations

from typing import Any

from facilitation import agenda, measures
from facilitation.ids import PersonId
from facilitation.measures import Item, Measure, Values
from facilitation.measuring import Sheet
from facilitation.plan import SegmentKind
from facilitation.seats import Seat
from facilitation.sentences import told
from facilitation.state import RoomState

View = dict[str, Any]


def moment_has_come(state: RoomState, measure: Measure) -> bool:
    """Whether the session is where this measure is offered, and not over."""
    return state.phase != "ended" and (
        measure.moment is SegmentKind.CHECK_IN or agenda.reached(state.agenda, measure.moment.value)
    )


def own_part(state: RoomState, seat: Seat, *, watched: bool) -> list[View]:
    """What a person is offered. Its words are there as long as it can be answered, and no longer."""
    if not (seat.treated and seat.in_room):
        return []
    found = []
    for measure in state.measuring.of(seat.person):
        sheet = state.measuring.sheet(seat.person, measure.id)
        if not moment_has_come(state, measure):
            continue
        done = sheet.handed_in is not None
        waits = measure.about_safety and not watched and not done
        found.append(
            {
                "id": measure.id,
                "status": sheet.status,
                "title": measure.title,
                "about": measure.about,
                "waits": waits,
                "form": None if done or waits else form_part(measure),
                "values": {} if done or waits else dict(sheet.values),
                "passed": [] if done or waits else sorted(sheet.passed),
            }
        )
    return found


def form_part(measure: Measure) -> View:
    """As a browser draws it: without what raises a flag, and without what it scores."""
    return {
        "stem": measure.stem,
        "verbatim": measure.verbatim,
        "language": measure.language,
        "anonymous": measure.anonymous,
        "safety": measure.about_safety,
        "licence": measure.licence,
        "items": [
            {
                "id": item.id,
                "text": item.text,
                "stem": not item.options,
                "options": [{"value": each.value, "label": each.label} for each in measure.options_of(item)],
            }
            for item in measure.items
        ],
    }


def staff_part(state: RoomState, person: PersonId) -> list[View]:
    """How far a person is, and what they handed in. Of an anonymous measure: that it was offered, and no more."""
    return [
        {
            "id": measure.id,
            "short": measure.short,
            "status": _status(measure, state.measuring.sheet(person, measure.id)),
            "result": None if measure.anonymous else result_part(state, person, measure),
        }
        for measure in state.measuring.of(person)
    ]


def _status(measure: Measure, sheet: Sheet) -> str:
    """Who left an anonymous measure out is nobody's business: that would tell who answered."""
    return "offered" if measure.anonymous else sheet.status


def result_part(state: RoomState, person: PersonId, measure: Measure) -> View | None:
    sheet = state.measuring.sheet(person, measure.id)
    if sheet.handed_in is None:
        return None
    total = measures.score(measure, sheet.handed_in)
    reached = measures.band(measure, total)
    before = state.measuring.before(person, measure)
    changed = None if before is None or total is None else measures.change(measure, before.score, total)
    return {
        "at": sheet.handed_in_at,
        "score": total,
        "score_max": measure.score_max,
        "band": None if reached is None else reached.title,
        "open": [item.id for item in measure.scored if item.id not in sheet.handed_in],
        "answered_in": None if (apart := measure.answered_in(sheet.page_language)) is None else told(apart),
        "before": None if before is None else {"score": before.score, "at": before.at},
        "change": None if changed is None else changed.value,
        "answers": [_answer(measure, item, sheet.handed_in) for item in measure.items],
    }


def _answer(measure: Measure, item: Item, values: Values) -> View:
    return {
        "text": item.text,
        "answer": measures.in_words(measure, item, values.get(item.id)),
        "alert": measures.alerts(item, values.get(item.id)),
    }
