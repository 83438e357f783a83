"""Where somebody takes part from: the answers that are remembered from one evening to the next, and who helps there.

911 reaches the dispatch of whoever calls it, not of whom they worry about. So the clinic keeps numbers of its own for
the places its participants live in. A wrong number costs minutes: each says where it is from and when somebody last
called it, one that was not called for a year is shown as such, and where there is none that is said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.licences import STATES, is_place
from facilitation.sentences import Sentence
from facilitation.text import CALLBACK_MAX, LOCATION_MAX, NAME_MAX, TITLE_MAX, line
from facilitation.timebase import Instant

PHONE_DIGITS_MIN: Final = 3
DISPATCH_DIGITS: Final = 10
SHORT: Final = frozenset({"911", "988", "112"})
"""They reach the place of whoever calls, and so nobody near who is meant."""
CHECK_DAYS: Final = 365
SOURCE_MAX: Final = 120
HELP_LINES_MAX: Final = 8
KEEP_MS: Final = 90 * 24 * 3_600_000
"""An answer that was not used for so long is asked anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What somebody said at the door the last time they came in: to be offered again, never taken for granted."""

    person: PersonId
    name: str
    location: str
    state: str
    callback: str
    contact_name: str
    contact_phone: str
    at: Instant

    def fresh(self, now: Instant) -> bool:
        return now - self.at <= KEEP_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHelp:
    """Who answers an emergency in `state`, or in `area` of it (a county or town; '': the whole state).

    `dispatch`: the ten-digit number of the public-safety answering point there, which can be called from anywhere.
    `source`: where the clinic has it from; `checked`: when somebody last called it (None: nobody has). `removed`: it is
    shown to nobody any more.
    """

    help: str
    state: str
    area: str
    dispatch: str
    note: str = ""
    source: str = ""
    checked: date | None = None
    removed: bool = False

    def is_stale(self, today: date) -> bool:
        return self.checked is None or (today - self.checked).days > CHECK_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpLine:
    """A number to call about somebody: `name` says whose it is; `checked` when it was last called, `stale` that this is
    too long ago to rely on it alone."""

    name: str
    phone: str
    checked: date | None = None
    stale: bool = True


def phone(text: str, what: str) -> str:
    """A number as it is kept. Raises `Refusal`."""
    text = line(text, what, CALLBACK_MAX)
    if sum(character.isdigit() for character in text) < PHONE_DIGITS_MIN:
        raise Refusal("bad_phone", Sentence("Please give a phone number for {what}.", what=Sentence(what)))
    return text


def check_help(help: LocalHelp, today: date) -> LocalHelp:
    """As it is kept. Raises `Refusal`."""
    if help.state not in STATES:
        raise Refusal("bad_place", "Choose a state.")
    line(help.area, "the county or town", NAME_MAX, required=False)
    check_dispatch(help.dispatch)
    line(help.note, "the note", TITLE_MAX, required=False)
    line(help.source, "where the number is from", SOURCE_MAX)
    if help.checked is not None and help.checked > today:
        raise Refusal("bad_day", "The day on which it was last called is still to come.")
    return help


def check_dispatch(text: str) -> None:
    """Raises `Refusal` for what is no number that reaches a place from anywhere."""
    digits = "".join(character for character in line(text, "the dispatch there", CALLBACK_MAX) if character.isdigit())
    if digits in SHORT:
        raise Refusal(
            "bad_phone",
            Sentence(
                "{number} reaches whoever is near the caller. Give the ten digits of the dispatch.", number=digits
            ),
        )
    if len(digits.removeprefix("1")) != DISPATCH_DIGITS or any(each.isalpha() for each in text):
        raise Refusal("bad_phone", "The number of a dispatch has ten digits, the area code first.")


def check_remembered(remembered: Remembered) -> Remembered:
    """Raises `Refusal`: no answers that could be offered again."""
    line(remembered.name, "your name", NAME_MAX)
    line(remembered.location, "where you are today", LOCATION_MAX)
    if remembered.state and not is_place(remembered.state):
        raise Refusal("bad_place", "Choose the state you are in.")
    return remembered


def lines_for(helps: Iterable[LocalHelp], state: str, location: str, today: date) -> tuple[HelpLine, ...]:
    """The numbers kept for a place: those of areas that the address names first, then those of the whole state."""
    address = location.casefold()
    there = [each for each in helps if each.state == state and not each.removed]
    named = [each for each in there if each.area and each.area.casefold() in address]
    whole = [each for each in there if not each.area]
    found = sorted(named, key=lambda each: (-len(each.area), each.area)) + sorted(whole, key=lambda each: each.help)
    return tuple(
        HelpLine(name=_name(each), phone=each.dispatch, checked=each.checked, stale=each.is_stale(today))
        for each in found[:HELP_LINES_MAX]
    )


def _name(help: LocalHelp) -> str:
    place = f"{help.area}, {STATES[help.state]}" if help.area else STATES[help.state]
    return f"Emergency dispatch, {place}{f' ({help.note})' if help.note else ''}"
