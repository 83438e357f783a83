"""Milestones: what somebody chose to mark, in their own words, and chose to show the group.

They are nobody's record. Nothing is ever worked out from anything else (no days are counted, no answers read): a mark
is what its person wrote. Marks are theirs alone until they show one in the room, in the words they want there. What was
shown can be taken back; guardians, notes and facts never have any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from facilitation.errors import Refusal
from facilitation.events import Event, GladSaid, MilestoneHidden, MilestoneShown, Recorded
from facilitation.ids import MarkId, PersonId
from facilitation.seats import Seat
from facilitation.sentences import Sentence
from facilitation.text import line

TEXT_MAX = 120
MARKS_MAX = 40


# --------------------------------------------------------------- one's own marks, outside of any session


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One thing to be marked. `on`: its day, where its person wants one."""

    id: MarkId
    text: str
    on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMilestones:
    """All marks of one person, the latest first."""

    person: PersonId
    marks: tuple[Mark, ...] = ()


def mark(own: OwnMilestones, name: MarkId, text: str, on: date | None) -> OwnMilestones:
    said = line(text, "what you want to mark", TEXT_MAX)
    if len(own.marks) >= MARKS_MAX:
        raise Refusal("too_many", Sentence("You can mark {most} things. Take one out first.", most=MARKS_MAX))
    return replace(own, marks=(Mark(id=name, text=said, on=on), *own.marks))


def unmark(own: OwnMilestones, name: str) -> OwnMilestones:
    return replace(own, marks=tuple(each for each in own.marks if each.id != name))


# --------------------------------------------------------------- shown in a session


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What somebody shows the group, and who said that they are glad with them."""

    text: str
    glad: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestones:
    shown: Mapping[PersonId, Shown] = field(default_factory=dict)


def evolve(milestones: Milestones, recorded: Recorded) -> Milestones:
    match recorded.event:
        case MilestoneShown(person=person, text=text):
            return Milestones(shown={**milestones.shown, person: Shown(text=text)})
        case MilestoneHidden(person=person):
            return Milestones(shown={each: one for each, one in milestones.shown.items() if each != person})
        case GladSaid(person=person, by=by) if person in milestones.shown:
            shown = milestones.shown[person]
            return Milestones(shown={**milestones.shown, person: replace(shown, glad=shown.glad | {by})})
        case _:
            return milestones


def show(milestones: Milestones, person: PersonId, text: str) -> tuple[Event, ...]:
    """One at a time: another one takes its place."""
    said = line(text, "what you want to mark", TEXT_MAX)
    before = milestones.shown.get(person)
    return () if before is not None and before.text == said else (MilestoneShown(person=person, text=said),)


def hide(milestones: Milestones, asker: PersonId, person: PersonId, *, leads: bool) -> tuple[Event, ...]:
    """One's own; whoever leads may take anybody's down."""
    if person != asker and not leads:
        raise Refusal("not_allowed", "You can take back only what you showed yourself.")
    return (MilestoneHidden(person=person),) if person in milestones.shown else ()


def be_glad(milestones: Milestones, asker: PersonId, owner: Seat) -> tuple[Event, ...]:
    shown = milestones.shown.get(owner.person)
    if shown is None or not owner.in_room:
        raise Refusal("nothing_shown", Sentence("{name} does not show anything now.", name=owner.name))
    if asker == owner.person or asker in shown.glad:
        return ()
    return (GladSaid(person=owner.person, by=asker),)
