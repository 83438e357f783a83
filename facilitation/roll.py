"""The roll: a clinic's people as they come in a list, checked row by row before anybody is taken in.

Nothing is guessed: a cell that cannot be meant is named with its row and column, and its row waits, while the others
can come in. The same list again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from facilitation.ages import ADULT_AGE, born_on, is_minor
from facilitation.contacts import EMAIL_MAX
from facilitation.errors import Refusal
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.rules import TRACKS
from facilitation.sentences import Sentence, marked
from facilitation.text import NAME_MAX

ROWS_MAX: Final = 20_000
PHONE_MAX: Final = 40
TITLE_MAX: Final = 120

EMAIL: Final = re.compile(r"[^\s@,;<>\"]{1,64}@[^\s@,;<>\"]+\.[^\s@,;<>\".]{2,}")
PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{3,}[0-9]")

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("name", "full name", "nombre", "nombre completo"),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "correo", "correo electrónico"),
    "role": ("role", "rol", "función"),
    "track": ("track", "age group", "adult or teen", "grupo de edad"),
    "cohort": ("cohort", "group", "grupo"),
    "zone": ("zone", "time zone", "timezone", "zona horaria"),
    "born": (
        "born",
        "date of birth",
        "birth date",
        "birthdate",
        "birthday",
        "dob",
        "fecha de nacimiento",
        "nacimiento",
    ),
    "phone": ("phone", "telephone", "mobile", "teléfono", "móvil"),
    "guardian": ("guardian", "guardian name", "parent", "tutor", "tutor legal"),
    "guardian_email": ("guardian email", "guardian e-mail", "parent email", "correo del tutor"),
    "guardian_phone": ("guardian phone", "parent phone", "teléfono del tutor"),
}
"""The columns that are read, each with the words that may stand over it, in any order; others are passed over."""

ROLES: Final[Mapping[str, Role]] = {
    **{role.value: role for role in Role},
    "patient": Role.PARTICIPANT,
    "member": Role.PARTICIPANT,
    "client": Role.PARTICIPANT,
    "teen": Role.PARTICIPANT,
    "participante": Role.PARTICIPANT,
    "co-facilitator": Role.COFACILITATOR,
    "facilitadora": Role.FACILITATOR,
    "facilitador": Role.FACILITATOR,
    "supervisora": Role.SUPERVISOR,
    "planner": Role.SCHEDULER,
    "planificadora": Role.SCHEDULER,
    "planificador": Role.SCHEDULER,
    "admin": Role.ADMINISTRATOR,
    "tutor": Role.GUARDIAN,
    "parent": Role.GUARDIAN,
}


class Fate(StrEnum):
    """What becomes of a row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """Somebody as a row says it. Empty: not said. `cohort` is its id; `person` is theirs from the first time on."""

    person: PersonId
    name: str
    email: str
    role: Role
    track: str
    zone: str
    cohort: str = ""
    phone: str = ""
    guardian: str = ""
    guardian_email: str = ""
    guardian_phone: str = ""
    born: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with one cell. `row` as a spreadsheet numbers it, the heading being row 1; `column` as headed."""

    row: int
    column: str
    text: str | Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the list. `person` is None where the row is wrong."""

    number: int
    name: str
    fate: Fate
    person: Enrolled | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """A list that was read. `passed_over`: headings that say nothing to us. `missing`: columns that must be there."""

    rows: tuple[Row, ...]
    passed_over: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def of(self, fate: Fate) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.fate is fate)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for row in self.rows for problem in row.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a list is read against. `id_of`: who a new address is to be. `known`: people by their mail address;
    `cohorts`: ids by title; `seats`: how many more people the room of a cohort holds, by its id; `today`: there.
    """

    id_of: Callable[[str], PersonId]
    zone: str
    zones: Collection[str]
    known: Mapping[str, Enrolled]
    cohorts: Mapping[str, str]
    seats: Mapping[str, int]
    today: date


def read(heading: Sequence[str], rows: Sequence[Sequence[str]], around: Around) -> Roll:
    """The list, row by row. Rows without a word are no rows."""
    places, passed_over = _places(heading)
    missing = tuple(column for column in ("name", "email") if column not in places)
    if missing:
        return Roll(rows=(), passed_over=passed_over, missing=missing)
    titles = {_plain(title): id for title, id in around.cohorts.items()}
    seen: dict[str, int] = {}
    filled: dict[str, int] = {}
    found = []
    for number, cells in enumerate(rows, start=2):
        said = {
            column: " ".join(cells[place].split()) if place < len(cells) else "" for column, place in places.items()
        }
        if any(said.values()):
            headed = {column: heading[place].strip() for column, place in places.items()}
            found.append(_row(number, said, headed, around, titles, seen, filled))
    return Roll(rows=tuple(found), passed_over=passed_over)


def _places(heading: Sequence[str]) -> tuple[dict[str, int], tuple[str, ...]]:
    words = {word: column for column, names in COLUMNS.items() for word in (column, *names)}
    places: dict[str, int] = {}
    passed_over = []
    for place, title in enumerate(heading):
        column = words.get(_plain(title).replace("_", " ")) or words.get(_plain(title))
        if column is not None and column not in places:
            places[column] = place
        elif title.strip():
            passed_over.append(" ".join(title.split()))
    return places, tuple(passed_over)


def _row(
    number: int,
    said: Mapping[str, str],
    headed: Mapping[str, str],
    around: Around,
    titles: Mapping[str, str],
    seen: dict[str, int],
    filled: dict[str, int],
) -> Row:
    problems: list[Problem] = []

    def wrong(column: str, text: str | Sentence) -> None:
        problems.append(Problem(row=number, column=headed.get(column, column), text=text))

    def get(column: str) -> str:
        return said.get(column, "")

    name, email = get("name"), get("email").casefold()
    before = around.known.get(email)
    if not name:
        wrong("name", marked("There is no name."))
    elif len(name) > NAME_MAX:
        wrong("name", Sentence("The name is longer than {n} characters.", n=NAME_MAX))
    if problem := _bad_email(email):
        wrong("email", problem)
    elif email in seen:
        wrong("email", Sentence("This address stands in row {n} already. Everybody needs their own.", n=seen[email]))
    else:
        seen[email] = number
    role = ROLES.get(get("role").casefold()) if get("role") else (before.role if before else Role.PARTICIPANT)
    if role is None:
        wrong(
            "role",
            Sentence("“{word}” is no role. There are: {roles}.", word=_short(get("role")), roles=", ".join(Role)),
        )
    born = before.born if before else None
    try:
        born = born_on(get("born"), around.today) or born
    except Refusal as refusal:
        wrong("born", refusal.said)
    track = get("track").casefold() or _track(get("role"), before, born, around.today)
    if track not in TRACKS:
        wrong(
            "track",
            Sentence("“{word}” is neither of: {words}.", word=_short(get("track")), words=", ".join(sorted(TRACKS))),
        )
    zone = get("zone") or (before.zone if before else around.zone)
    if zone not in around.zones:
        wrong("zone", Sentence("“{word}” is no time zone. One looks like this: America/New_York.", word=_short(zone)))
    cohort = titles.get(_plain(get("cohort")), "") if get("cohort") else (before.cohort if before else "")
    if get("cohort") and not cohort:
        wrong(
            "cohort",
            Sentence(
                "There is no group “{word}”. Make it first, or leave this cell empty.", word=_short(get("cohort"))
            ),
        )
    elif get("cohort") and role is not None and role is not Role.PARTICIPANT:
        wrong(
            "cohort", marked("Only participants are put into a group by a list. Facilitators are named with the group.")
        )
    elif before and before.cohort not in ("", cohort):
        wrong("cohort", marked("They are in another group already. Move them on that group’s page."))
    for column in ("phone", "guardian_phone"):
        if get(column) and (len(get(column)) > PHONE_MAX or not PHONE.fullmatch(get(column))):
            wrong(column, Sentence("“{word}” is no phone number.", word=_short(get(column))))
    if len(get("guardian")) > NAME_MAX:
        wrong("guardian", Sentence("The name is longer than {n} characters.", n=NAME_MAX))
    guardian_email = get("guardian_email").casefold()
    if guardian_email and (problem := _bad_email(guardian_email)):
        wrong("guardian_email", problem)
    elif guardian_email and guardian_email == email:
        wrong("guardian_email", marked("This is the person’s own address. A guardian signs in with their own."))
    if guardian_email and not get("guardian"):
        wrong("guardian", marked("There is a guardian’s address, but no name."))
    joins = cohort if cohort and not (before and before.cohort) else ""
    if joins and filled.get(joins, 0) >= around.seats[joins]:
        wrong("cohort", marked("Its room is full. Choose another group, or leave this cell empty."))
    if problems or role is None:
        return Row(number=number, name=name, fate=Fate.WRONG, person=None, problems=tuple(problems))
    if joins:
        filled[joins] = filled.get(joins, 0) + 1
    person = Enrolled(
        person=before.person if before else around.id_of(email),
        name=name,
        email=email,
        role=role,
        track=track,
        zone=zone,
        cohort=cohort,
        phone=get("phone") or (before.phone if before else ""),
        guardian=get("guardian") or (before.guardian if before else ""),
        guardian_email=guardian_email or (before.guardian_email if before else ""),
        guardian_phone=get("guardian_phone") or (before.guardian_phone if before else ""),
        born=born,
    )
    fate = Fate.NEW if before is None else Fate.SAME if before == person else Fate.CHANGED
    return Row(number=number, name=name, fate=fate, person=person)


def _track(role: str, before: Enrolled | None, born: date | None, today: date) -> str:
    """Of a row that does not say it: as before; of a newcomer, by their age where it is known."""
    if role.casefold() == "teen":
        return "teen"
    if before is not None:
        return before.track
    return "teen" if born is not None and is_minor("adult", born, today, ADULT_AGE) else "adult"


def _bad_email(email: str) -> str | Sentence:
    if not email:
        return marked("There is no address. It is how the person signs in.")
    if len(email) > EMAIL_MAX or not EMAIL.fullmatch(email):
        return Sentence("“{word}” is no mail address.", word=_short(email))
    return ""


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
