"""What a form of the schedule sent, read with care: each field is of its kind and bounded, or refused in words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, time
from typing import Final
from zoneinfo import available_timezones

from facilitation.errors import Refusal
from facilitation.sentences import Sentence
from facilitation.text import line

YEARS: Final = range(2000, 2101)
MANY_MAX: Final = 120
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}")
_NUMBER = re.compile(r"-?\d{1,6}")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


class Given:
    """The fields of one form. `what`, wherever it is asked for: what people call the field, for the refusal."""

    def __init__(self, fields: Mapping[str, Sequence[str]]) -> None:
        self._fields = fields

    def raw(self, name: str) -> str:
        """As it was typed; "" where there is none."""
        sent = self._fields.get(name, ())
        return sent[-1] if sent else ""

    def many(self, name: str) -> list[str]:
        """Every value of a field that may be sent several times."""
        sent = list(self._fields.get(name, ()))
        if len(sent) > MANY_MAX:
            raise Refusal("too_many_fields", "That is more than this form can take. Please make it shorter.")
        return sent

    def on(self, name: str) -> bool:
        return bool(self.raw(name))

    def text(self, name: str, what: str, most: int, *, required: bool = True) -> str:
        return line(self.raw(name), what, most, required=required)

    def day(self, name: str, what: str) -> date:
        """Raises Refusal where there is none."""
        found = self.day_or_none(name, what)
        if found is None:
            raise Refusal("bad_day", Sentence("Please choose a day for {what}.", what=Sentence(what)))
        return found

    def day_or_none(self, name: str, what: str) -> date | None:
        return day_of(self.raw(name), what)

    def clock(self, name: str, what: str) -> time:
        found = self.clock_or_none(name, what)
        if found is None:
            raise Refusal("bad_time", Sentence("Please choose a time for {what}.", what=Sentence(what)))
        return found

    def clock_or_none(self, name: str, what: str) -> time | None:
        text = self.raw(name).strip()
        if not text:
            return None
        if not _TIME.fullmatch(text):
            raise _bad_time(what)
        try:
            return time.fromisoformat(text)
        except ValueError:
            raise _bad_time(what) from None

    def number(self, name: str, what: str, least: int, most: int) -> int:
        found = self.number_or_none(name, what, least, most)
        if found is None:
            raise _bad_number(Sentence(what), least, most)
        return found

    def number_or_none(self, name: str, what: str, least: int, most: int) -> int | None:
        return number_of(self.raw(name), what, least, most)

    def numbers(self, name: str, what: str, allowed: Collection[int]) -> tuple[int, ...]:
        """Boxes that were ticked, each once and in order."""
        found = set()
        for text in self.many(name):
            if not _NUMBER.fullmatch(text) or int(text) not in allowed:
                raise _not_offered(what)
            found.add(int(text))
        return tuple(sorted(found))

    def one_of(self, name: str, what: str, choices: Collection[str]) -> str:
        found = self.raw(name)
        if found not in choices:
            raise _not_offered(what)
        return found

    def some_of(self, name: str, what: str, choices: Collection[str]) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(each for each in self.many(name) if each))
        if not set(found) <= set(choices):
            raise _not_offered(what)
        return found

    def zone(self, name: str) -> str:
        found = self.raw(name)
        if found not in available_timezones():
            raise Refusal("bad_zone", "Please choose a time zone, like America/New_York.")
        return found

    @property
    def upon(self) -> int:
        """The revision that the form was typed upon; 0 for what is new."""
        text = self.raw("revision")
        return int(text) if _NUMBER.fullmatch(text) and int(text) >= 0 else 0


def day_of(text: str, what: str) -> date | None:
    """Raises Refusal for what is no day of this century."""
    text = text.strip()
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise _bad_day(what)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise _bad_day(what) from None
    if found.year not in YEARS:
        raise _bad_day(what)
    return found


def number_of(text: str, what: str | Sentence, least: int, most: int) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise _bad_number(what if isinstance(what, Sentence) else Sentence(what), least, most)
    return int(text)


def free_name(title: str, taken: Collection[str]) -> str:
    """A name for a record, made of its title: "adult-evening", "adult-evening-2"."""
    plain = _NOT_PLAIN.sub("-", title.casefold()).strip("-")[:32] or "own"
    return next(name for n in range(1, len(taken) + 2) if (name := plain if n == 1 else f"{plain}-{n}") not in taken)


def _bad_day(what: str) -> Refusal:
    return Refusal("bad_day", Sentence("That is no day for {what}. Write it like 2026-11-30.", what=Sentence(what)))


def _bad_time(what: str) -> Refusal:
    return Refusal("bad_time", Sentence("That is no time for {what}. Write it like 16:30.", what=Sentence(what)))


def _bad_number(what: Sentence, least: int, most: int) -> Refusal:
    return Refusal(
        "bad_number",
        Sentence("Please write a number from {least} to {most} for {what}.", least=least, most=most, what=what),
    )


def _not_offered(what: str) -> Refusal:
    return Refusal("bad_choice", Sentence("Please choose {what} from what is offered.", what=Sentence(what)))
