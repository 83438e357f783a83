"""A demo clinic: plainly made-up people in four groups, each with a session that can start now, and a full week.

Nobody is in two of these sessions at once, and what the week has at their hours steps aside: whoever plans finds true
gaps on their home page, and no conflicts that only the demo has made.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from facilitation.consents import ConsentFile, Subject, sign
from facilitation.facts import zone_of
from facilitation.goals import Goal
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import ClinicId, GoalId, PersonId, SessionId
from facilitation.licences import Licence
from facilitation.people import Expected, Role
from facilitation.places import LocalHelp
from facilitation.policy import FACILITATORS
from facilitation.timebase import HOUR_MS, MINUTE_MS, Instant
from facilitation.weeks import day_of
from server import demo_week
from server.accounts.shelves import shelves as accounts
from server.catalog import load_catalog
from server.door import shelves
from server.progress import ProgressBook
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Store
from server.store.register import Draft, put_all
from server.web.links import Seat

ZONE: Final = "America/New_York"
FRESH_FOR_MS: Final = 12 * HOUR_MS
START_STEP_MS: Final = 5 * MINUTE_MS

Member = tuple[str, str, Role]
"""Of the staff: id, name, role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A standing group and who is with it. Its plan, rule set and programme are named as in the catalog."""

    key: str
    title: str
    track: str
    plan_id: str
    rules_id: str
    programme_id: str
    staff: tuple[Member, ...]
    participants: tuple[tuple[str, str], ...]


FAY: Final[Member] = ("p-fay", "Dr. Fay Facilitator", Role.FACILITATOR)
CODY: Final[Member] = ("p-cody", "Cody Cofacilitator", Role.COFACILITATOR)
FRIDA: Final[Member] = ("p-frida", "Frida Facilitator", Role.FACILITATOR)
FLO: Final[Member] = ("p-flo", "Flo Facilitator", Role.FACILITATOR)
FRED: Final[Member] = ("p-fred", "Fred Facilitator", Role.FACILITATOR)
SUE: Final[Member] = ("p-sue", "Sue Supervisor", Role.SUPERVISOR)
GOALS: Final = (
    "Sleep seven hours on five nights of the week",
    "Leave the house once a day, if only around the block",
    "Tell one person when a craving comes, before acting on it",
    "Say what I need at home in one calm sentence",
    "Use a skill before a conflict, and write down which",
)
"""Two for each of the participants, so that there is something to choose from."""
EVENING: Final = Group(
    key="evening",
    title="Evening group",
    track="adult",
    plan_id="adult",
    rules_id="exact-floor",
    programme_id="adult-iop",
    staff=(FAY, CODY, SUE),
    participants=(
        ("p-robin", "Robin Example"),
        ("p-sam", "Sam Sample"),
        ("p-alex", "Alex Placeholder"),
        ("p-jo", "Jo Madeup"),
        ("p-kim", "Kim Fictional"),
        ("p-lee", "Lee Invented"),
        ("p-max", "Max Imaginary"),
        ("p-noa", "Noa Pretend"),
    ),
)
TOUR: Final = Group(
    key="tour",
    title="Short tour",
    track="adult",
    plan_id="demo",
    rules_id="exact-floor",
    programme_id="adult-iop",
    staff=(FRIDA, SUE),
    participants=(
        ("p-ona", "Ona Example"),
        ("p-pip", "Pip Sample"),
        ("p-quin", "Quin Placeholder"),
    ),
)
"""For a first look: everything that a session has, in a quarter of an hour."""
TEENS: Final = Group(
    key="teens",
    title="After-school group",
    track="teen",
    plan_id="teen-short",
    rules_id="exact-floor",
    programme_id="teen-iop",
    staff=(FLO, SUE),
    participants=(
        ("p-ash", "Ash Example"),
        ("p-bay", "Bay Sample"),
        ("p-cam", "Cam Placeholder"),
        ("p-dee", "Dee Madeup"),
        ("p-eli", "Eli Fictional"),
        ("p-fin", "Fin Invented"),
    ),
)
RECOVERY: Final = Group(
    key="recovery",
    title="Recovery group",
    track="adult",
    plan_id="adult",
    rules_id="exact-floor",
    programme_id="co-occurring-iop",
    staff=(FRED, SUE),
    participants=(
        ("p-gil", "Gil Example"),
        ("p-hal", "Hal Sample"),
        ("p-ivy", "Ivy Placeholder"),
        ("p-kit", "Kit Madeup"),
    ),
)
GUARDIAN: Final = Person(person=PersonId("p-gale"), name="Gale Guardian", role=Role.GUARDIAN, track="adult", zone=ZONE)
GROUPS: Final = (EVENING, TOUR, TEENS, RECOVERY)
STAFF: Final = tuple({member[0]: member for group in GROUPS for member in group.staff}.values())
LEADERS: Final = tuple(PersonId(id) for id, _, role in STAFF if role in FACILITATORS)


async def belongs(store: Store) -> bool:
    """Whether the store is empty or holds the demo clinic: a real clinic's is left alone."""
    people = {person.person for person in await store.clinic.list_people()}
    return not people or PersonId(FAY[0]) in people


async def prepare(store: Store, *, clinic: ClinicId, now: Instant) -> list[ScheduledSession]:
    """One session of each group that can start now, made where there is none. Doing it again changes nothing.

    A session that has ended or started more than twelve hours ago stays with its records, and a new one is made.
    """
    progress = ProgressBook(store.log)
    ready, new = [], []
    await _put_way_in(store, now)
    for group in GROUPS:
        await _put_people(store, group, now)
        session = await _current(store, group, progress, now)
        if session is None:
            session = ScheduledSession(
                session=SessionId(f"s-{group.key}-{secrets.token_hex(4)}"),
                clinic=clinic,
                title=group.title,
                zone=ZONE,
                starts_at=Instant(-(-now // START_STEP_MS) * START_STEP_MS),
                plan_id=group.plan_id,
                rules_id=group.rules_id,
                programme_id=group.programme_id,
                roster=_roster(group),
            )
            await store.clinic.put_session(session)
            new.append(session)
        ready.append(session)
    await demo_week.prepare(store, now=now)
    await demo_week.step_aside(store, new, progress=progress, now=now)
    return ready


def seats(session: ScheduledSession, *, until: Instant) -> list[tuple[Expected, Seat]]:
    """Everybody on a session's list with what their link proves."""
    return [
        (each, Seat(session=session.session, person=each.person, role=each.role, until=until))
        for each in session.roster
    ]


async def _current(store: Store, group: Group, progress: ProgressBook, now: Instant) -> ScheduledSession | None:
    recent: Sequence[ScheduledSession] = await store.clinic.list_sessions(since=Instant(now - FRESH_FOR_MS))
    for session in reversed(recent):
        ours = session.session.startswith(f"s-{group.key}-")
        if ours and (await progress.of(session.session)).ended_at is None:
            return session
    return None


async def _put_way_in(store: Store, now: Instant) -> None:
    """A guardian who has signed for the teens, licences of those who lead, and a number to call: all made up."""
    register, catalog, day = store.register, load_catalog(), day_of(now, zone_of(ZONE))
    if await store.clinic.get_person(GUARDIAN.person) is not None:
        return
    drafts: list[Draft] = []
    for id, _ in TEENS.participants:
        care = Guardianship(guardian=GUARDIAN.person, teen=PersonId(id), since=now, may=frozenset(Care))
        teen = Subject(person=care.teen, minor=True, guardians=frozenset({GUARDIAN.person}))
        file = ConsentFile(person=care.teen)
        for form in (each for each in catalog.consents if each.kind in catalog.programme(TEENS.programme_id).consents):
            file = sign(file, teen, form, signer=GUARDIAN.person, name=GUARDIAN.name, at=now, day=day)
        drafts += [
            accounts(register).guardianships.draft(care, upon=0),
            shelves.consent_files(register).draft(file, upon=0),
        ]
    for person in LEADERS:
        licence = Licence(licence=f"l-{person}", person=person, title="Example licence", states=("NY", "NJ"), first=day)
        drafts.append(shelves.licences(register).draft(licence, upon=0))
    help = LocalHelp(
        help="NY",
        state="NY",
        area="",
        dispatch="202-555-0190",
        note="a made-up number",
        source="made up for this example",
        checked=day,
    )
    drafts.append(shelves.local_help(register).draft(help, upon=0))
    await put_all(register, drafts, by="", at=now)
    await store.clinic.put_person(GUARDIAN)


async def _put_people(store: Store, group: Group, now: Instant) -> None:
    staff = [
        Person(person=PersonId(id), name=name, role=role, track="adult", zone=ZONE) for id, name, role in group.staff
    ]
    participants = [
        Person(person=PersonId(id), name=name, role=Role.PARTICIPANT, track=group.track, zone=ZONE)
        for id, name in group.participants
    ]
    for person in staff:
        if await store.clinic.get_person(person.person) is None:
            await store.clinic.put_person(person)
    for n, person in enumerate(participants):
        if await store.clinic.get_person(person.person) is None:
            for goal in _goals(person.person, n, now):
                await store.notebook.put_goal(goal)
            await store.clinic.put_person(person)


def _goals(person: PersonId, n: int, now: Instant) -> list[Goal]:
    since = day_of(now, zone_of(ZONE))
    return [
        Goal(goal=GoalId(f"g-demo-{n}-{k}"), person=person, text=GOALS[(n + k) % len(GOALS)], since=since)
        for k in (0, 1)
    ]


def _roster(group: Group) -> tuple[Expected, ...]:
    staff = tuple(Expected(person=PersonId(id), role=role, name=name) for id, name, role in group.staff)
    return staff + tuple(
        Expected(person=PersonId(id), role=Role.PARTICIPANT, name=name, teen=group.track == "teen")
        for id, name in group.participants
    )
