"""A list of emergency numbers as a clinic has it in a spreadsheet, checked row by row: nothing wrong is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from facilitation.errors import Refusal
from facilitation.licences import STATES
from facilitation.places import LocalHelp, check_help
from facilitation.sentences import Sentence, marked

COLUMNS: Final = {
    "state": marked("State"),
    "area": marked("County or town"),
    "dispatch": marked("Number"),
    "source": marked("Source"),
    "checked": marked("Last called"),
    "note": marked("Note"),
}
NAMES: Final = {
    "state": ("state", "st"),
    "area": ("area", "county", "county or town", "town", "city", "place"),
    "dispatch": ("dispatch", "number", "phone", "psap", "psap number", "dispatch number", "telephone"),
    "source": ("source", "from", "where from"),
    "checked": ("checked", "last called", "called", "last checked", "date"),
    "note": ("note", "notes", "remark"),
}
"""What a column may be called, in small letters."""
NEEDED: Final = ("state", "dispatch", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a row (1: the first below the heading)."""

    row: int
    text: str | Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpList:
    """`missing`: columns that the list needs and lacks; then no row was read. `passed_over`: columns of no use here."""

    found: tuple[tuple[int, LocalHelp], ...] = ()
    problems: tuple[Problem, ...] = ()
    missing: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()


def help_id(state: str, area: str) -> str:
    """The same place has one number."""
    return f"{state} {area.casefold()}".strip()


def read(heading: Sequence[str], rows: Iterable[Sequence[str]], today: date) -> HelpList:
    """Of rows about the same place, the first counts, and the others are told."""
    places = {}
    passed_over = []
    for number, cell in enumerate(heading):
        name = next((known for known, names in NAMES.items() if " ".join(cell.split()).casefold() in names), None)
        if name is not None and name not in places:
            places[name] = number
        elif cell.strip():
            passed_over.append(cell.strip()[:40])
    missing = tuple(COLUMNS[name] for name in NEEDED if name not in places)
    if missing:
        return HelpList(missing=missing, passed_over=tuple(passed_over))
    found: dict[str, tuple[int, LocalHelp]] = {}
    problems = []
    for number, row in enumerate(rows, 1):
        cells = {name: " ".join(row[place].split()) if place < len(row) else "" for name, place in places.items()}
        if not any(cells.values()):
            continue
        try:
            help = _help(cells, today)
        except Refusal as refusal:
            problems.append(Problem(row=number, text=refusal.said))
            continue
        if help.help in found:
            first = found[help.help][0]
            problems.append(Problem(row=number, text=Sentence("Row {first} is about the same place.", first=first)))
        else:
            found[help.help] = number, help
    return HelpList(found=tuple(found.values()), problems=tuple(problems), passed_over=tuple(passed_over))


def _help(cells: Mapping[str, str], today: date) -> LocalHelp:
    state, area = _state(cells["state"]), cells.get("area", "")
    help = LocalHelp(
        help=help_id(state, area),
        state=state,
        area=area,
        dispatch=cells["dispatch"],
        note=cells.get("note", ""),
        source=cells["source"],
        checked=called_on(cells.get("checked", "")),
    )
    return check_help(help, today)


def _state(text: str) -> str:
    """Its two letters, from these or from its name."""
    by_name = {name.casefold(): code for code, name in STATES.items()}
    code = text.upper() if text.upper() in STATES else by_name.get(text.casefold(), "")
    if not code:
        raise Refusal("bad_place", Sentence("“{text}” is no state.", text=text[:40]))
    return code


def called_on(text: str) -> date | None:
    """A day as 2026-11-24; '': nobody has called it. Raises `Refusal`."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("bad_day", Sentence("“{text}” is no day. Write it like 2026-11-24.", text=text[:40])) from None
