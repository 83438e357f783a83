"""Licences: in which states a facilitator may treat, and whether a group's facilitators cover where somebody is today.

Licence follows the participant's body at session time, not their home. What is done about a place that nobody covers
is the programme's to say (`Travel`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.sentences import marked
from facilitation.text import TITLE_MAX, line

STATES: Final = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "PR": "Puerto Rico", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "VI": "U.S. Virgin Islands", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin",
    "WY": "Wyoming", "GU": "Guam", "AS": "American Samoa", "MP": "Northern Mariana Islands",
}  # fmt: skip
ELSEWHERE: Final = "XX"
"""Outside the United States and its territories."""
NUMBER_MAX: Final = 60
STATES_MAX: Final = 60


class Travel(StrEnum):
    """What happens when nobody of the group's facilitators is licensed where somebody is today."""

    ALLOW = "allow"
    WARN = "warn"
    """They come in; the facilitators are told."""
    BLOCK = "block"
    """They do not; the facilitators are told, with a number to call."""


class Coverage(StrEnum):
    COVERED = "covered"
    UNCOVERED = "uncovered"
    UNKNOWN = "unknown"
    """No place was given, or the clinic keeps no licence of these facilitators: nothing can be said."""


class Outcome(StrEnum):
    IN = "in"
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """`states`: where it holds, a compact's as well. `title`: what it is ('LCSW', 'PSYPACT'). From `first` to `last`,
    both days included; `last` None: it has no end that is known."""

    licence: str
    person: PersonId
    title: str
    states: tuple[str, ...]
    first: date
    last: date | None = None
    number: str = ""

    def covers(self, state: str, day: date) -> bool:
        return state in self.states and self.holds_on(day)

    def holds_on(self, day: date) -> bool:
        return self.first <= day <= (self.last or date.max)


def check_licence(licence: Licence) -> Licence:
    """As it is kept. Raises `Refusal` that says what is no licence."""
    line(licence.title, "what licence it is", TITLE_MAX)
    line(licence.number, "its number", NUMBER_MAX, required=False)
    if not licence.states:
        raise Refusal("bad_licence", "Choose at least one state in which it holds.")
    if len(licence.states) > STATES_MAX or not set(licence.states) <= STATES.keys():
        raise Refusal("bad_licence", "One of these is no state.")
    if licence.last is not None and licence.last < licence.first:
        raise Refusal("bad_licence", "It ends before it begins.")
    return licence


def is_place(state: str) -> bool:
    return state in STATES or state == ELSEWHERE


def state_name(state: str) -> str:
    return marked("outside the United States") if state == ELSEWHERE else STATES.get(state, "")


def coverage(licences: Iterable[Licence], facilitators: Iterable[PersonId], state: str, day: date) -> Coverage:
    """Whether one of `facilitators` may treat somebody who is in `state` on `day`."""
    leading = set(facilitators)
    theirs = [each for each in licences if each.person in leading]
    if not state or not theirs:
        return Coverage.UNKNOWN
    return Coverage.COVERED if any(each.covers(state, day) for each in theirs) else Coverage.UNCOVERED


def outcome(coverage: Coverage, travel: Travel) -> Outcome:
    """What is not known keeps nobody out: it is said to the facilitators, who can ask."""
    if coverage is Coverage.COVERED or travel is Travel.ALLOW:
        return Outcome.IN
    if coverage is Coverage.UNKNOWN or travel is Travel.WARN:
        return Outcome.WARN
    return Outcome.BLOCK
