"""What each may see of exercises: the group what is open and what was shared, each their own paper, staff who is in it.

A private or unshared answer is in nobody's part but its author's. Staff see who takes part, never what is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from facilitation.exercises import Beat, Exercise, Field, Step, Today, in_words
from facilitation.ids import PersonId
from facilitation.plan import SegmentKind
from facilitation.runs import ANSWERS_MIN, Paper, Run
from facilitation.state import RoomState

View = dict[str, Any]


# --------------------------------------------------------------- for the group


def skill_part(state: RoomState) -> View | None:
    """The skill of the part the group is in. One that the session's library does not have is none."""
    position = state.agenda.position
    chosen = None if position is None else state.practice.skills.get(position)
    skill = next((each for each in state.practice.repertoire.skills if each.id == chosen), None)
    if skill is None:
        return None
    return {"id": skill.id, "title": skill.title, "summary": skill.summary, "language": skill.language}


def last_time_part(state: RoomState) -> list[str]:
    """What was taught last time, for as long as the group arrives: there is something to look back at."""
    kinds = {segment.id: segment.kind for segment in state.agenda.plan.segments}
    position = state.agenda.position
    arriving = state.phase == "lobby" or (position is not None and kinds.get(position) is SegmentKind.CHECK_IN)
    return list(state.practice.repertoire.last_time) if arriving else []


def exercise_part(state: RoomState) -> View | None:
    """The exercise that is open, and all that the group knows of it."""
    run = state.practice.open
    if run is None:
        return None
    return {
        "run": run.run,
        **exercise_shape(run.exercise),
        "step": run.step,
        "starts": run.starts,
        "groups": [list(group) for group in run.groups],
        "sent": run.sent,
        "answers_min": ANSWERS_MIN,
        "results": _results(run) if run.to_group else None,
        "shared": [
            {"person": person, "field": field.id, "entry": _plain(paper.shared[field.id])}
            for person, paper, field in _shared(state, run)
        ],
    }


def shared_before(state: RoomState) -> list[View]:
    """What was shared in exercises that are over, as answers of forms are told; a drawing has no words."""
    return [
        {
            "person": person,
            "form": run.run,
            "question": field.id,
            "label": field.label,
            "answer": in_words(field, paper.shared[field.id]),
        }
        for run in state.practice.runs
        if run.closed_at is not None
        for person, paper, field in _shared(state, run)
        if in_words(field, paper.shared[field.id])
    ]


def _shared(state: RoomState, run: Run) -> Iterator[tuple[PersonId, Paper, Field]]:
    """Of those in the room, person by person."""
    for seat in state.seats.in_room:
        paper = run.paper(seat.person)
        for field in run.exercise.fields:
            if field.id in paper.shared:
                yield seat.person, paper, field


def exercise_shape(exercise: Exercise) -> View:
    """An exercise as its browser draws it."""
    return {
        "id": exercise.id,
        "version": exercise.version,
        "title": exercise.title,
        "shape": exercise.shape.value,
        "about": exercise.about,
        "care": exercise.care,
        "minutes": exercise.minutes,
        "own_pace": exercise.own_pace,
        "grouping": exercise.grouping.value,
        "steps": [_step(step) for step in exercise.steps],
    }


def _step(step: Step) -> View:
    return {
        "title": step.title,
        "text": step.text,
        "seconds": step.seconds,
        "beat": None if step.beat is None else _beat(step.beat),
        "fields": [_field(field) for field in step.fields],
    }


def _beat(beat: Beat) -> View:
    return {
        "inhale_ms": beat.inhale_ms,
        "hold_ms": beat.hold_ms,
        "exhale_ms": beat.exhale_ms,
        "rest_ms": beat.rest_ms,
    }


def _field(field: Field) -> View:
    return {
        "id": field.id,
        "kind": field.kind.value,
        "label": field.label,
        "hint": field.hint,
        "privacy": field.privacy.value,
        "low": field.low,
        "high": field.high,
        "low_label": field.low_label,
        "high_label": field.high_label,
        "choices": [{"value": choice.value, "label": choice.label} for choice in field.choices],
        "most": field.most,
    }


# --------------------------------------------------------------- for oneself


def own_papers(state: RoomState, person: PersonId) -> list[View]:
    """My own papers: of the open exercise, and of those in which I wrote something."""
    return [
        _own_paper(run, person)
        for run in state.practice.runs
        if run.closed_at is None or run.paper(person).answers or run.paper(person).shared
    ]


def _own_paper(run: Run, person: PersonId) -> View:
    paper = run.paper(person)
    return {
        "run": run.run,
        "exercise": None if run.closed_at is None else exercise_shape(run.exercise),
        "joined": paper.joined,
        "answers": {name: _plain(entry) for name, entry in paper.answers.items()},
        "sent": paper.sent is not None,
        "shared": {name: _plain(entry) for name, entry in paper.shared.items()},
        "partners": list(run.partners(person)),
        "card": run.card(person),
    }


# --------------------------------------------------------------- for staff


def practice_part(state: RoomState) -> View:
    """What can be done, what the curriculum has for today, and how it goes with what is open."""
    practice = state.practice
    repertoire, position = practice.repertoire, state.agenda.position
    today = repertoire.today
    return {
        "skills": [{"id": skill.id, "title": skill.title} for skill in repertoire.skills],
        "exercises": [
            {
                "id": exercise.id,
                "title": exercise.title,
                "about": exercise.about,
                "minutes": exercise.minutes,
                "skills": list(exercise.skills),
            }
            for exercise in repertoire.exercises
        ],
        "today": None if today is None else _today(today),
        "chosen": None if position is None else practice.skills.get(position),
        "done": [run.exercise.id for run in practice.runs if run.closed_at is not None],
        "run": None if practice.open is None else _run_for_staff(state, practice.open),
    }


def _today(today: Today) -> View:
    return {
        "skill": today.skill,
        "focus": today.focus,
        "revisit": today.revisit,
        "curriculum": today.curriculum,
        "version": today.version,
        "week": today.week,
        "session": today.session,
    }


def _run_for_staff(state: RoomState, run: Run) -> View:
    return {
        "run": run.run,
        "people": {seat.person: _how(run.paper(seat.person)) for seat in state.seats.in_room if not seat.staff},
        "results": None if run.results is None else _results(run),
        "to_group": run.to_group,
    }


def _how(paper: Paper) -> str:
    """'done', 'in', 'out' (sits it out), or '': nothing was said."""
    if paper.sent is not None:
        return "done"
    return "" if paper.joined is None else "in" if paper.joined else "out"


# --------------------------------------------------------------- small things


def _results(run: Run) -> View:
    return {name: [[label, count] for label, count in counts] for name, counts in (run.results or {}).items()}


def _plain(entry: Any) -> Any:
    return list(entry) if isinstance(entry, tuple) else entry
