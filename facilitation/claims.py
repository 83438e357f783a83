"""Claim-ready rows: what a payer's table makes of the minutes that were posted. Rows to be checked, never claims.

A table is data (`catalog/payers.toml`); codes differ between payers and change with time, so none stands in the
program. Every row says which minutes and entries it rests on, and by which line of the table it was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from facilitation.crediting import in_units
from facilitation.errors import Refusal
from facilitation.rules import DAY_MIN, EIGHT_MINUTE, FLOOR_UNIT, TRACKS, UNIT_ROUNDINGS
from facilitation.sentences import Sentence

CODE_CHARS_MAX = 20


class Per(StrEnum):
    """What one unit of a service is."""

    DAY = "day"
    SESSION = "session"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One line of a payer's table, tried in order; the first that fits a day (or a session) is taken.

    `from_min`, by track: the least minutes of the day, or of the session. `until_min`: the day must have fewer; 0: no
    bound. `unit_min` and `rounding` hold for `Per.UNIT` only.
    """

    code: str
    title: str
    per: Per
    from_min: Mapping[str, int]
    until_min: Mapping[str, int]
    modifiers: tuple[str, ...] = ()
    revenue_code: str = ""
    unit_min: int = 15
    rounding: str = FLOOR_UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """`place_of_service`: '10' at home by telehealth, '02' elsewhere by telehealth. `example`: to be checked."""

    id: str
    title: str
    source: str
    place_of_service: str
    service: tuple[Service, ...]
    example: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """The minutes of one session that stand in the ledger. `number`: the entry's."""

    session: str
    number: int
    day: date
    minutes: int
    rules: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """What could be claimed for one day or session. `units` 0 with no code: nothing fits, and `basis` says why."""

    day: date
    code: str
    title: str
    modifiers: tuple[str, ...]
    revenue_code: str
    units: int
    minutes: int
    sessions: tuple[str, ...]
    entries: tuple[int, ...]
    rules: str
    basis: str


def rows(payer: Payer, track: str, attended: Iterable[Attended]) -> tuple[ClaimRow, ...]:
    """The rows of one person, in order of time. Days without a minute give none."""
    days: dict[date, list[Attended]] = {}
    for each in attended:
        if each.minutes > 0:
            days.setdefault(each.day, []).append(each)
    return tuple(row for day in sorted(days) for row in _day(payer, track, day, days[day]))


def _day(payer: Payer, track: str, day: date, sessions: Sequence[Attended]) -> Iterable[ClaimRow]:
    minutes = sum(each.minutes for each in sessions)
    for service in payer.service:
        least, below = service.from_min.get(track, 0), service.until_min.get(track, 0)
        if below and minutes >= below:
            continue
        if service.per is Per.SESSION:
            fitting = [each for each in sessions if each.minutes >= least]
            if fitting:
                return [
                    _row(service, day, [each], 1, f"a session of {each.minutes} min, at least {least}")
                    for each in fitting
                ]
        elif minutes >= least:
            if service.per is Per.DAY:
                return [_row(service, day, sessions, 1, f"a day of {minutes} min, at least {least}")]
            count = in_units(minutes, service.unit_min, service.rounding)
            if count:
                words = f"{minutes} min in units of {service.unit_min} ({service.rounding})"
                return [_row(service, day, sessions, count, words)]
    return [_nothing(day, sessions, f"no line of this table fits a day of {minutes} min")]


def _row(service: Service, day: date, sessions: Sequence[Attended], count: int, basis: str) -> ClaimRow:
    return ClaimRow(
        day=day,
        code=service.code,
        title=service.title,
        modifiers=service.modifiers,
        revenue_code=service.revenue_code,
        units=count,
        minutes=sum(each.minutes for each in sessions),
        sessions=tuple(each.session for each in sessions),
        entries=tuple(each.number for each in sessions),
        rules=", ".join(sorted({each.rules for each in sessions})),
        basis=basis,
    )


def _nothing(day: date, sessions: Sequence[Attended], basis: str) -> ClaimRow:
    empty = Service(code="", title="", per=Per.DAY, from_min={}, until_min={})
    return _row(empty, day, sessions, 0, basis)


# --------------------------------------------------------------- checks


def check_payer(payer: Payer) -> None:
    """Raises `Refusal` that says in words what no rows can be made by."""
    if not payer.service:
        raise _bad("it offers no service")
    if payer.place_of_service not in ("02", "10"):
        raise _bad(f"place_of_service {payer.place_of_service!r} is neither 02 nor 10, the two of telehealth")
    for service in payer.service:
        if not service.code.strip() or len(service.code) > CODE_CHARS_MAX or not service.title.strip():
            raise _bad("each service needs a code and a title")
        for name, lengths in (("from_min", service.from_min), ("until_min", service.until_min)):
            if unknown := sorted(set(lengths) - TRACKS):
                raise _bad(f"{service.code}: {name}: no such track: {', '.join(unknown)}")
            if any(not 0 <= length <= DAY_MIN for length in lengths.values()):
                raise _bad(f"{service.code}: {name} is not within a day")
        if service.rounding not in UNIT_ROUNDINGS:
            raise _bad(f"{service.code}: the rounding {service.rounding!r} makes no units")
        if not 1 < service.unit_min <= DAY_MIN or (service.rounding == EIGHT_MINUTE and service.unit_min != 15):
            raise _bad(f"{service.code}: unit_min is {service.unit_min}")


def _bad(text: str) -> Refusal:
    return Refusal("bad_payer", Sentence("The payer's table: {text}.", text=text))
