"""What each may see of rounds: the group who has the turn, each their own place in the line, staff the line itself.

Whether somebody spoke or passed is in no part of the group's, and neither is the order: it may be by who is quietest.
"""

from __future__ import annotations

from typing import Any

from facilitation import rounds
from facilitation.breakouts import in_main
from facilitation.ids import PersonId
from facilitation.roundquestions import Kind
from facilitation.rounds import How, Round
from facilitation.sentences import Sentence, marked
from facilitation.state import RoomState

View = dict[str, Any]

TITLES = {
    Kind.QUESTION: marked("Round"),
    Kind.CHECK_IN: marked("Check-in round"),
    Kind.APPRECIATION: marked("Appreciation round"),
    Kind.WRAP_UP: marked("Wrap-up round"),
}
"""As notes name them."""
FINAL = {How.SPOKE: marked("spoke"), How.PASSED: marked("passed")}


# --------------------------------------------------------------- for the group


def round_part(state: RoomState) -> View | None:
    """The round that is open, and all that the group knows of it."""
    found = state.rounds.open
    if found is None:
        return None
    return {
        "round": found.round,
        "kind": found.kind.value,
        "question": found.question,
        "turn": found.turn,
        "now": found.now,
        "since": found.since,
        "until": found.until,
        "to_come": len(found.queue),
        "of": len(found.line),
        "over": found.over,
    }


# --------------------------------------------------------------- for oneself


def own_turn(state: RoomState, person: PersonId) -> View | None:
    """My own place in the round that is open; staff have one if they were put into the line. `before`: how many who are
    here come before me."""
    found = state.rounds.open
    if found is None or (person not in found.line and state.seats.of(person).staff):
        return None
    here = rounds.here(in_main(state.breakouts, state.seats), state.attendance)
    place = _place(found, person, found.next(here))
    ahead = found.queue[: found.queue.index(person)] if person in found.queue else ()
    return {
        "place": place,
        "before": sum(each in here for each in ahead),
        "about": found.before(person) if found.kind is Kind.APPRECIATION else None,
        "may_defer": place == "now" and rounds.may_defer(found, person, here),
    }


# --------------------------------------------------------------- for staff


def rounds_part(state: RoomState) -> View:
    """The line of the round that is open, who could be added to it, and the rounds that are over."""
    seats = in_main(state.breakouts, state.seats)
    here, found = rounds.here(seats, state.attendance), state.rounds.open
    return {
        "line": [] if found is None else [_in_line(found, person, here) for person in _in_order(found)],
        "outside": []
        if found is None
        else [person for person in rounds.participants(seats, state.attendance) if person not in found.line],
        "back_to": found.past[-1] if found is not None and found.past and found.past[-1] in here else None,
        "questions": []
        if found is not None and not found.over
        else [
            {"id": each.id, "kind": each.kind.value, "text": each.text, "teens": each.teens}
            for each in state.practice.repertoire.questions
        ],
        "done": [
            {
                "round": each.round,
                "kind": each.kind.value,
                "question": each.question,
                "spoke": sum(how is How.SPOKE for how in each.done.values()),
                "passed": sum(how is How.PASSED for how in each.done.values()),
            }
            for each in state.rounds.all
            if each.closed_at is not None
        ],
    }


def _in_order(found: Round) -> tuple[PersonId, ...]:
    """Who is done, who has the turn, who is to come."""
    asked = [person for person in found.line if person != found.now and person not in found.queue]
    return (*asked, *(() if found.now is None else (found.now,)), *found.queue)


def _in_line(found: Round, person: PersonId, here: tuple[PersonId, ...]) -> View:
    return {"person": person, "place": _place(found, person, found.next(here)), "here": person in here}


def _place(found: Round, person: PersonId, next_: PersonId | None) -> str:
    """'now', 'next', 'waiting', 'spoke', 'passed', or 'out': not in this round."""
    if person == found.now:
        return "now"
    if person in found.queue:
        return "next" if person == next_ else "waiting"
    return found.done[person].value if person in found.done else "out"


# --------------------------------------------------------------- for notes


def facts_of(state: RoomState, person: PersonId) -> list[Sentence]:
    """The rounds in which somebody spoke or passed, as a note says it; never what was said."""
    return [
        _fact(each, Sentence(FINAL[each.done[person]])) for each in state.rounds.all if each.done.get(person) in FINAL
    ]


def _fact(found: Round, how: Sentence) -> Sentence:
    title = Sentence(TITLES[found.kind])
    if not found.question:
        return Sentence("{round}: {how}", round=title, how=how)
    return Sentence("{round} (“{question}”): {how}", round=title, question=found.question, how=how)
