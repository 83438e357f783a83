"""The notes of a record as staff see them: drafts, what is missing, what may be wrong, how far each note is.

Shapes as in `server/wire/PROTOCOL.md` §5. Of counselling notes there is nothing here: no view knows their text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from facilitation import facts, notes, notewarnings
from facilitation.crediting import Hours
from facilitation.ids import PersonId
from facilitation.notes import GROUP, Addendum, Cosigned, Draft, Return, Work
from facilitation.notewarnings import Attended, Warning
from facilitation.programme import PLAIN_TEXT
from facilitation.seats import Seat
from facilitation.sentences import Sentence, marked, told
from facilitation.state import RoomState
from facilitation.timebase import Instant

View = dict[str, Any]


def draft_part(draft: Draft) -> View:
    return {"text": draft.text, "revision": draft.revision}


# --------------------------------------------------------------- of the whole session


def session_part(state: RoomState, hours: Mapping[PersonId, Hours]) -> View:
    """What a record says of its notes as a whole. `hours`: the figures of all participants."""
    programme, form = state.opened.programme, facts.note_form(state)
    group = state.notes.draft(GROUP)
    return {
        "group_note": draft_part(group),
        "group_warnings": [_warning(warning) for warning in _group_warnings(state, group, hours)],
        "programme": {
            "id": programme.id,
            "version": programme.version,
            "title": programme.title,
            "part2": programme.part2,
            "cosign": programme.cosign,
        },
        "format": {
            "id": form.id,
            "title": form.title,
            "sections": [
                {"id": part.id, "title": part.title, "hint": part.hint, "required": part.required}
                for part in form.sections
            ],
        },
        "skills": list(state.notes.skills),
    }


def _group_warnings(state: RoomState, group: Draft, hours: Mapping[PersonId, Hours]) -> list[Warning]:
    if state.phase != "ended":
        return []
    names = {seat.person: seat.name for seat in state.seats.treated}
    warnings = [
        *notewarnings.head_count(group.text, facts.head_count(hours.values())),
        *notewarnings.names_anybody(group.text, names),
    ]
    if group.blank and any(each.attended for each in hours.values()):
        text = marked("Nothing is written about the group yet. Each note begins with it.")
        warnings.append(Warning(code="no_group_text", field=GROUP, text=text))
    for leader in facts.led_by(state):
        if not state.notes.locations.get(leader.person):
            said = Sentence("Where {name} was is not said. A note on telehealth names both places.", name=leader.name)
            warnings.append(Warning(code="no_location", field=GROUP, text=said, person=leader.person))
    return warnings


def _warning(warning: Warning) -> View:
    about = {"code": warning.code, "field": warning.field, "quote": warning.quote, "person": warning.person}
    return about | told(warning.text)


# --------------------------------------------------------------- of each person


def people_parts(state: RoomState, hours: Mapping[PersonId, Hours], now: Instant) -> dict[PersonId, View]:
    """By person, what a record says of their note."""
    seats = state.seats.treated
    texts = {seat.person: _texts(state, seat.person) for seat in seats}
    names = {seat.person: seat.name for seat in seats}
    alike = notewarnings.alike(texts, names)
    return {
        seat.person: _person_part(
            state,
            seat,
            hours[seat.person],
            now,
            [
                *alike.get(seat.person, ()),
                *notewarnings.names_another(texts[seat.person], seat.person, names),
                *_own_warnings(state, seat, hours[seat.person], texts[seat.person]),
            ],
        )
        for seat in seats
    }


def _texts(state: RoomState, person: PersonId) -> dict[str, str]:
    """The individual part as it will be signed."""
    texts = {PLAIN_TEXT: state.notes.draft(person).text}
    for part in facts.note_form(state).sections:
        texts[part.id] = state.notes.section(person, part.id).text
    return texts


def _own_warnings(state: RoomState, seat: Seat, hours: Hours, texts: Mapping[str, str]) -> list[Warning]:
    session = state.opened
    if state.phase != "ended":
        return []
    attended = Attended(
        hours=hours,
        programme=session.programme,
        zone=facts.zone_of(session.zone),
    )
    warnings = list(notewarnings.against_attendance(texts, attended))
    goals = state.notes.goals_of(seat.person)
    if hours.attended and goals.known and not goals.addressed:
        text = marked("No goal is chosen. A note says which goals of the plan were worked on.")
        warnings.append(Warning(code="no_goals", field="goals", text=text))
    return warnings


def _person_part(state: RoomState, seat: Seat, hours: Hours, now: Instant, warnings: list[Warning]) -> View:
    person, form, goals = seat.person, facts.note_form(state), state.notes.goals_of(seat.person)
    signed = state.notes.signed.get(person)
    work = work_of(state, hours)
    due = notes.due_at(
        ended_at=state.agenda.ended_at,
        signed_at=None if signed is None else signed.at,
        due_h=state.opened.programme.note_due_h,
        work=work,
    )
    return {
        "note": draft_part(state.notes.draft(person))
        | {"sections": {part.id: draft_part(state.notes.section(person, part.id)) for part in form.sections}},
        "goals": {
            "known": [asdict(goal) for goal in goals.choosable],
            "addressed": [goal.goal for goal in goals.addressed],
            "revision": goals.revision,
        },
        "missing": [] if signed else list(notes.missing(state.notes, form, person, attended=hours.attended)),
        "warnings": [] if signed else [_warning(warning) for warning in warnings],
        "work": work.value,
        "due_at": due,
        "overdue": due is not None and now > due,
        "signed": None
        if signed is None
        else {
            "by": signed.by,
            "name": state.name_of(signed.by),
            "at": signed.at,
            "hash": signed.content_hash,
            "content": dict(signed.content),
            "cosigned": _cosigned(state, state.notes.cosigned.get(person)),
            "returned": [_return(state, each, person) for each in state.notes.returns_of(person)],
        },
        "addenda": [_addendum(state, addendum) for addendum in state.notes.addenda_of(person)],
    }


def work_of(state: RoomState, hours: Hours) -> Work:
    """How far a person's note is."""
    person, form = hours.person, facts.note_form(state)
    return notes.work(
        ended=state.phase == "ended",
        begun=not state.notes.draft(person).blank
        or any(not draft.blank for draft in state.notes.sections.get(person, {}).values()),
        complete=not notes.missing(state.notes, form, person, attended=hours.attended),
        signed=person in state.notes.signed,
        cosign=state.opened.programme.cosign,
        cosigned=person in state.notes.cosigned,
        returned=state.notes.returned(person),
    )


def _cosigned(state: RoomState, cosigned: Cosigned | None) -> View | None:
    if cosigned is None:
        return None
    return {
        "by": cosigned.by,
        "name": state.name_of(cosigned.by),
        "at": cosigned.at,
        "addenda": cosigned.addenda,
    }


def _return(state: RoomState, each: Return, person: PersonId) -> View:
    answered = len(state.notes.addenda_of(person)) > each.addenda
    return {"by": each.by, "name": state.name_of(each.by), "at": each.at, "text": each.text, "answered": answered}


def _addendum(state: RoomState, addendum: Addendum) -> View:
    return {"by": addendum.by, "name": state.name_of(addendum.by), "at": addendum.at, "text": addendum.text}
