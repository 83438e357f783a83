"""What must not be found in an application that keeps people apart: each check gives the holes it finds, by name.

They are run against the application (tests/roles/test_routes.py, test_names.py) and against planted ones
(test_planted.py), so that a check which could not fail is found as well.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette

from facilitation import commands as c
from facilitation.errors import Refusal
from facilitation.ids import PersonId, SessionId
from facilitation.people import SESSION_ROLES, Actor, Role
from facilitation.policy import MAY, Action
from facilitation.state import EMPTY
from facilitation.timebase import Instant
from server import demo_week
from tests.support.clinic import ADA, ASH, FAY, GRAY, OLA, ROBIN, SAL, SAM, SUE, UMA, Clinic
from tests.support.meeting import Meeting
from tests.support.routes import ACTIONS, TABLE, address, ask, routes
from tests.support.visitor import Answer, Visitor

WHO: dict[Role, PersonId] = {
    Role.PARTICIPANT: ROBIN,
    Role.FACILITATOR: FAY,
    Role.COFACILITATOR: PersonId("p-cody"),
    Role.OBSERVER: OLA,
    Role.SUPERVISOR: SUE,
    Role.GUARDIAN: GRAY,
    Role.ADMINISTRATOR: ADA,
    Role.SCHEDULER: SAL,
    Role.AUDITOR: UMA,
}
REFUSED = frozenset({"401", "403", "4401", "4403"})
OPEN = "—"
A = Action

# --------------------------------------------------------------------------- the tables

EVERYBODYS = {A.COME_HOME, A.READ_OWN_CALENDAR, A.OPEN_CONSENTS, A.KEEP_ACCOUNT}
LOOKED_AT = {A.SEE_WEEKS, A.READ_SAFETY_PATH, A.SEE_PEOPLE, A.SEE_SCHEDULE, A.SEE_MEMBERS, A.SEE_ENROLMENT}
LOOKED_AT |= {A.READ_CONSENTS, A.READ_LICENCES, A.READ_LIBRARY}
AT_MOST: dict[Role, set[Action]] = {
    Role.PARTICIPANT: EVERYBODYS
    | {A.ENTER_ROOM, A.PASS_THE_DOOR, A.READ_OWN_MINUTES, A.DISPUTE_MINUTES, A.READ_OWN_STATEMENT, A.TAKE_OWN_HOURS}
    | {A.TAKE_OWN_PAPERS, A.TELL_OWN_AWAY, A.ANSWER_OWN_SEAT, A.MARK_MILESTONES, A.SHARE_WITH_FAMILY}
    | {A.PLAN_OWN_SCHOOL, A.KEEP_DIARY, A.SEE_OWN_PROGRESS, A.SHOW_WEEK, A.READ_SHOWN_PARTS, A.READ_OWN_MEASURES},
    Role.GUARDIAN: EVERYBODYS | {A.SEE_WARDS, A.TELL_AWAY, A.ANSWER_SEAT, A.PLAN_SCHOOL},
    Role.AUDITOR: EVERYBODYS
    | LOOKED_AT
    | {A.READ_STATEMENT, A.SEE_CLINIC, A.SEE_ACCOUNTS, A.SEE_AUDIT, A.READ_ANY_RECORD},
    Role.OBSERVER: EVERYBODYS
    | LOOKED_AT
    | {A.ENTER_ROOM, A.READ_RECORD, A.READ_NOTEBOOK, A.SEE_DUE_NOTES, A.READ_STATEMENT, A.SEE_CLINIC, A.SEE_FAMILY},
    Role.SCHEDULER: EVERYBODYS
    | LOOKED_AT
    | {A.TELL_AWAY, A.AGREE_MAKE_UPS, A.KEEP_WAITING_LISTS, A.ANSWER_SEAT, A.PLAN_SCHOOL, A.LOG_CALLS}
    | {A.PLACE_EVERYBODY, A.CHANGE_MEETING, A.PLAN_SCHEDULE, A.REMIND_TO_SIGN, A.INVITE_FAMILY},
}
"""A second opinion on those who may do little: who is treated, who belongs to them, who only looks, who only plans."""
ALONE: dict[Action, set[Role]] = {
    A.KEEP_ACCOUNTS: {Role.ADMINISTRATOR},
    A.MANAGE_PEOPLE: {Role.ADMINISTRATOR},
    A.NOTE_GLASS: {Role.ADMINISTRATOR},
    A.READ_ANY_RECORD: {Role.AUDITOR},
    A.SEE_AUDIT: {Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR},
}
"""And on what few may do."""


def table_holes(may: Mapping[Action, Collection[Role]]) -> list[str]:
    """What a table of rights gives beyond the second opinion."""
    found = [f"no role is named for: {action}" for action in Action if action not in may]
    for action, roles in may.items():
        too_many = {role for role in roles if role in AT_MOST and action not in AT_MOST[role]}
        too_many |= set(roles) - ALONE.get(action, set(Role))
        found += [f"{role} may {action}" for role in sorted(too_many)]
    return found


STATE = Meeting().state
"""A session that is open, with people on its list."""


def command_holes(
    decide: Callable[..., Any], allowed: Mapping[type[c.Command], Collection[Role]], commands: Iterable[type[c.Command]]
) -> list[str]:
    """What a room takes from whom `allowed` does not name, before it looks inside."""
    found = []
    for command, role, minute in itertools.product(commands, sorted(Role), (-5, 0, 10, 300)):
        if role in allowed[command]:
            continue
        empty: c.Command = object.__new__(command)
        for state in (EMPTY, STATE):
            try:
                at = Instant(max(0, STATE.at + minute * 60_000))
                decide(state, empty, by=Actor(person=PersonId("p-somebody"), role=role), now=at)
                got = "taken"
            except Refusal as refusal:
                got = "" if refusal.code == "not_allowed" else refusal.code
            except AttributeError:  # it looked inside
                got = "looked at"
            if got:
                found.append(f"{command.__name__} of a {role} is {got}")
    return list(dict.fromkeys(found))


def clinic_roles_in_rooms(allowed: Mapping[type[c.Command], Collection[Role]]) -> list[str]:
    """Commands of roles that no session has."""
    return [
        f"{role} asks {command.__name__} of a room"
        for command, roles in allowed.items()
        for role in sorted(set(roles) - SESSION_ROLES)
    ]


# --------------------------------------------------------------------------- every role on every route


def actions_of(cell: str) -> list[Action]:
    """Of two, the second is for one's own."""
    every = sorted(Action, key=len, reverse=True)  # some have a comma of their own
    found = [action for action in every if cell == action or cell.startswith(f"{action}, or ")]
    if not found:
        raise AssertionError(f"what action is {cell!r}?")
    rest = cell.removeprefix(found[0]).removeprefix(", or ")
    return found[:1] + (actions_of(rest) if rest else [])


GUARDED = {route: actions_of(cell) for route, cell in ACTIONS.items() if cell != OPEN}
RIGHTS = {action: frozenset(roles) for action, roles in MAY.items()}
"""As the table was before anybody planted anything."""


def unlisted_routes(app: Starlette) -> list[str]:
    """Routes without a row, and rows without a route."""
    there, listed = routes(app), set(ACTIONS)
    more = [f"{method} {path} has no row" for method, path in sorted(there - listed)]
    return more + [f"{method} {path} has a row and is not there" for method, path in sorted(listed - there)]


def _chosen(only: Collection[str] | None) -> dict[tuple[str, str], list[Action]]:
    return {route: actions for route, actions in GUARDED.items() if only is None or route[1] in only}


def may(role: Role, actions: Sequence[Action]) -> bool:
    """The person of each address is Robin: what is one's own is the participant's."""
    needed = actions if role is Role.PARTICIPANT else actions[:1]
    return any(role in RIGHTS[action] for action in needed)


def conditional(route: tuple[str, str]) -> bool:
    """Whether the table says that more than the role is asked for."""
    return any(cell.startswith("403 ") and cell != "403 by link" for cell in TABLE[route].values())


async def role_holes(place: Clinic, role: Role, *, only: Collection[str] | None = None) -> list[str]:
    """Where somebody of that role gets what the table does not give, or does not get what it gives."""
    browser, _ = await place.begin(WHO[role])
    wrong = []
    for (method, path), actions in _chosen(only).items():
        got = await _answer(place, browser, method, path)
        refused, allowed = got in REFUSED, may(role, actions)
        led_home = path == "/statement" and got == "303"  # who has none of their own
        missing = allowed and refused and not conditional((method, path))
        if missing or (not allowed and not refused and not led_home):
            wrong.append(f"{role} {method} {path}: {got}, though the table says {'yes' if allowed else 'no'}")
    return wrong


async def open_to_strangers(place: Clinic, *, only: Collection[str] | None = None) -> list[str]:
    """What somebody gets who is not signed in, though it needs an action."""
    browser = place.browser()
    got = {route: await _answer(place, browser, *route) for route in _chosen(only)}
    return [f"a stranger {method} {path}: {got}" for (method, path), got in got.items() if got not in REFUSED]


async def _answer(place: Clinic, browser: Visitor, method: str, path: str) -> str:
    return await ask(browser, method, address(place, path, place.link(ROBIN, place.evening)))


# --------------------------------------------------------------------------- who else is there


def mark(person: PersonId) -> str:
    """A name that is in no word of any language, and in no id."""
    return f"Zq{person.removeprefix('p-').capitalize()}xkv"


async def hidden_names(place: Clinic, *known: PersonId) -> set[str]:
    """The names of everybody but these, who are participants or guardians. (Who leads a group is no secret.)"""
    people = await place.store.clinic.list_people()
    treated = {mark(each.person) for each in people if each.role in (Role.PARTICIPANT, Role.GUARDIAN)}
    return treated - set(map(mark, known))


def _addresses(place: Clinic, only: Collection[str] | None) -> Iterator[tuple[str, str, str]]:
    """Every route of the application with ids that exist: one's own, one's group's, others'."""
    teens = place.sessions[2]
    for method, path in routes(place.app):
        if method == "WS" or path in ("/sign-out", "/lock", "/exit") or path.endswith("/exit"):
            continue  # a view is looked at by itself; the others end what is looked at
        if only is not None and path not in only:
            continue
        plain = address(place, path, place.link(ROBIN, place.evening))
        for person in (ROBIN, SAM, ASH, FAY, GRAY):
            for session in (place.evening.session, teens.session):
                yield method, path, plain.replace(str(ROBIN), person).replace(place.evening.session, session)


async def answered(browser: Visitor, method: str, path: str) -> Answer:
    own = {"Origin": browser.base_url, "Sec-Fetch-Site": "same-origin"}
    return await browser.send(method, path, None if method == "GET" else b"", own)


async def leaks(
    place: Clinic, who: PersonId, *known: PersonId, only: Collection[str] | None = None, least: int = 15
) -> list[str]:
    """Answers, and letters that they sent, in which somebody is named whom `who` must not learn of."""
    browser, _ = await place.begin(who)
    hidden = await hidden_names(place, *known)
    assert len(hidden) > least, "there is nobody to be named"
    found = []
    for method, path, there in dict.fromkeys(_addresses(place, only)):
        answer = await answered(browser, method, there)
        told = answer.body.decode(errors="replace") + str(answer.headers)
        found += [f"{method} {path} tells {who} of {name}" for name in sorted(hidden) if name in told]
    letters = "".join(each.subject + each.text for each in place.mail.letters)
    found += [f"a letter tells of {name}" for name in sorted(hidden) if name in letters]
    return list(dict.fromkeys(found))


NOBODY, NOWHERE = PersonId("p-zqnobody"), SessionId("s-zqnowhere")
MADE_UP = {
    **dict.fromkeys(
        ("cohort", "series", "term", "plan", "programme", "skill", "exercise", "curriculum", "goal"), "zqnothing"
    ),
    "person": NOBODY,
    "guardian": NOBODY,
    "session": NOWHERE,
}


def _pairs(
    place: Clinic, who: PersonId, ward: PersonId | None, only: Collection[str] | None
) -> Iterator[tuple[str, str, str, str]]:
    """Of every route, what exists and is somebody else's beside what does not exist, in every place of the address."""
    theirs: dict[str, tuple[str, ...]] = {
        "person": tuple(each for each in (SAM, ASH, FAY, GRAY, OLA) if each not in (who, ward)),
        "guardian": (PersonId("p-gale"),),
        "session": (place.sessions[2].session, place.sessions[3].session),
        "cohort": (demo_week.EVENING, demo_week.TEENS),
        "series": ("w-evening", "w-teens"),
        "skill": ("wise-mind",),
        "exercise": ("body-scan",),
        "curriculum": ("adult",),
        "term": (demo_week.TERM,),
        "plan": ("adult",),
        "programme": ("adult-iop",),
    }
    rest = {"on": "2026-12-02", "week": "1", "name": "walk", "subject": "group", "goal": "g-1", "token": "no-token"}
    for method, path in routes(place.app):
        names = [name for name in theirs if f"{{{name}}}" in path]
        if method == "WS" or not names or path.endswith("/exit") or (only is not None and path not in only):
            continue
        usual = rest | {"person": who, "guardian": who, "session": place.evening.session}
        usual |= {name: theirs[name][0] for name in names if name not in usual}
        for name in names:
            for there in theirs[name]:
                nowhere = path.format_map(usual | {name: MADE_UP[name]})
                yield method, path, path.format_map(usual | {name: there}), nowhere


def _without(answer: Answer, path: str) -> tuple[int, str]:
    """What is told, whatever was asked for."""
    body = answer.body.decode(errors="replace")
    for part in path.split("/"):
        if len(part) > 4:
            body = body.replace(part, "-")
    return answer.status, body


async def told_apart(
    place: Clinic, who: PersonId, ward: PersonId | None, *, only: Collection[str] | None = None, least: int = 150
) -> list[str]:
    """Where what is somebody else's is answered otherwise than what does not exist."""
    browser, _ = await place.begin(who)
    found, compared = [], 0
    for method, path, there, nowhere in _pairs(place, who, ward, only):
        compared += 1
        first, second = await answered(browser, method, there), await answered(browser, method, nowhere)
        if _without(first, there) != _without(second, nowhere):
            got = f"{first.status} of {there}, {second.status} of {nowhere}"
            found.append(f"{method} {path} tells whether there is such a one: {got}")
    assert compared >= least, "there is nothing to compare"
    return found
