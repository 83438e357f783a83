"""What the pages about the clinic's people show, and what they change. The port `People` of the pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol
from zoneinfo import available_timezones

from facilitation.ages import ADULT_AGE, born_on, is_minor
from facilitation.cohorts import Cohort
from facilitation.contacts import EMAIL_MAX, NEAREST_MAX, RELATION_MAX, Contact, Nearest, check_contact
from facilitation.enrolment import Enrolment
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.policy import Action
from facilitation.roll import EMAIL, Fate, Roll, Row
from facilitation.rules import TRACKS
from facilitation.sentences import Sentence, marked
from facilitation.text import CALLBACK_MAX, NAME_MAX, line
from facilitation.weeks import day_of
from server.books.family import guardian_url
from server.books.rollfile import RollFile, decode, parse
from server.clock import Clock
from server.derived import Derived
from server.door.guardians import Guardians
from server.people.contacts import contacts
from server.people.ids import Ids
from server.people.intake import Far, Intake, Shelves, TakenIn
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import Held
from server.web.auth import Visitor
from server.web.lists import Asked, leaf, ways

SHOWN_MAX: Final = 200
PROBLEMS_MAX: Final = 100
BLANKS: Final = 1
"""Empty lines for one more person to call."""
ROLE_WORDS: Final = {
    Role.PARTICIPANT: marked("Participant"),
    Role.FACILITATOR: marked("Facilitator"),
    Role.COFACILITATOR: marked("Cofacilitator"),
    Role.OBSERVER: marked("Observer"),
    Role.SUPERVISOR: marked("Supervisor"),
    Role.GUARDIAN: marked("Guardian"),
    Role.ADMINISTRATOR: marked("Administrator"),
    Role.SCHEDULER: marked("Scheduler"),
    Role.AUDITOR: marked("Auditor"),
}
TRACK_WORDS: Final = {"adult": marked("Adult"), "teen": marked("Teen")}
FATE_WORDS: Final = {
    Fate.NEW: marked("New"),
    Fate.CHANGED: marked("Changed"),
    Fate.SAME: marked("Here already"),
    Fate.WRONG: marked("To put right"),
}
FATE_CHIPS: Final = {Fate.NEW: "moss", Fate.CHANGED: "moss", Fate.SAME: "", Fate.WRONG: "clay"}


class Standing(StrEnum):
    """How far somebody is on their way in."""

    UNINVITED = "uninvited"
    INVITED = "invited"
    IN = "in"


STANDING_WORDS: Final = {
    Standing.UNINVITED: marked("Not invited yet"),
    Standing.INVITED: marked("Invited"),
    Standing.IN: marked("Signs in"),
}
STANDING_CHIPS: Final = {Standing.IN: "moss", Standing.INVITED: "", Standing.UNINVITED: ""}
STANDS: Final = {
    "name": marked("Name"),
    "born": marked("Date of birth"),
    "phone": marked("Phone"),
    "zone": marked("Time zone"),
}
REVISION: Final = re.compile(r"[0-9]{1,9}")


Plan = Callable[[], Awaitable[object]]
"""Plan the sessions of the next weeks anew: there are others on their lists now."""


class Access(Protocol):
    """Who can sign in, and who was asked to. Raises StoreUnavailable, CorruptLog."""

    async def standings(self) -> Mapping[PersonId, Standing]:
        """Of everybody who is in or was invited."""
        ...

    async def invite(self, person: PersonId, address: str, *, by: Visitor) -> None:
        """Send a letter with a link that works once. Earlier ones end. Raises Refusal."""
        ...


class PeopleBook:
    """Raises StoreUnavailable, CorruptLog."""

    def __init__(
        self,
        store: Store,
        access: Access,
        shelves: Shelves,
        *,
        plan: Plan,
        guardians: Guardians,
        clock: Clock,
        ids: Ids,
        seats_max: int,
    ) -> None:
        self._store = store
        self._access = access
        self._plan = plan
        self._guardians = guardians
        self._shelves = shelves
        self._contacts = contacts(store.register)
        self._intake = Intake(store, shelves, clock=clock, ids=ids, seats_max=seats_max)
        self._clock = clock
        self._ids = ids
        self._reached = Derived(_addresses)
        self._in_groups = Derived(_groups)
        self._waiting = Derived(_uninvited)

    # ------------------------------------------------------------------ everybody

    async def everybody(self, asked: Asked, *, reader: Visitor, role: str) -> dict[str, Any]:
        """Addresses are for those who look after accounts; everybody else sees names, roles and groups."""
        manages = reader.may(Action.MANAGE_PEOPLE)
        addresses = await self._addresses() if manages else {}
        standings = await self._access.standings()
        groups = await self._groups()
        found = leaf(
            [
                person
                for person in await self._store.clinic.list_people()
                if (not role or person.role == role)
                and (not asked.words or asked.fits(f"{person.name} {addresses.get(person.person, '')}".casefold()))
            ],
            asked.page,
        )
        rows = []
        for person in found.rows:
            standing = standings.get(person.person, Standing.UNINVITED)
            rows.append(
                {
                    "name": person.name,
                    "role": ROLE_WORDS[person.role],
                    "teen": person.track == "teen" and person.role is Role.PARTICIPANT,
                    "groups": ", ".join(groups.get(person.person, ())),
                    "groupless": person.role is Role.PARTICIPANT,
                    "address": addresses.get(person.person, ""),
                    "standing": STANDING_WORDS[standing],
                    "chip": STANDING_CHIPS[standing],
                    "url": f"/people/{person.person}{reader.choice}" if manages else "",
                    "days_url": f"/schedule/people/{person.person}{reader.choice}"
                    if person.role is Role.PARTICIPANT and reader.may(Action.SEE_ENROLMENT)
                    else "",
                }
            )
        return {
            "rows": rows,
            "total": found.total,
            "ways": ways("/people", found, reader, q=asked.text, role=role),
            "waiting": len(self._waiting.of(addresses, standings)) if manages else 0,
            "roles": [(each.value, word) for each, word in ROLE_WORDS.items()],
        }

    async def invite(self, people: tuple[PersonId, ...] | None, *, by: Visitor) -> int:
        """Raises Refusal. One letter after the other: what went out has gone out, and the rest can be sent again."""
        addresses = await self._addresses()
        standings = await self._access.standings()
        chosen = self._waiting.of(addresses, standings) if people is None else people
        wanted = [person for person in chosen if person in addresses and standings.get(person) is not Standing.IN]
        for person in wanted:
            await self._access.invite(person, addresses[person], by=by)
        return len(wanted)

    async def _addresses(self) -> Mapping[PersonId, str]:
        """Of everybody who has one."""
        return self._reached.of(await self._contacts.all())

    async def _groups(self) -> Mapping[PersonId, Sequence[str]]:
        return self._in_groups.of(await self._shelves.cohorts.all(), await self._shelves.enrolments.all())

    # ------------------------------------------------------------------ one person

    async def somebody(
        self, person: PersonId | None, *, given: Mapping[str, str], reader: Visitor
    ) -> dict[str, Any] | None:
        there = await self._store.clinic.get_person(person) if person else None
        if person is not None and there is None:
            return None
        contact = await self._contacts.get(person) if person else None
        standing = (await self._access.standings()).get(person, Standing.UNINVITED) if person else None
        stands = _stands(there, contact, reader.zone)
        shown: dict[str, Any] = stands | {name: text for name, text in given.items() if name in stands}
        shown["nearest"] = _lines(given) if given else _nearest(contact)
        shown["revision"] = given.get("revision") or stands["revision"]
        stale = bool(given) and not given.get("revision")
        return {
            "person": person or "",
            "name": there.name if there else "",
            "standing": STANDING_WORDS[standing] if standing else "",
            "belongs": await self._belongs(there, reader) if there and there.role is Role.PARTICIPANT else None,
            "may_invite": standing in (Standing.UNINVITED, Standing.INVITED),
            "action": f"/people/{person}" if person else "/people/new",
            "given": shown,
            "stands": [(word, stands[what]) for what, word in STANDS.items()] if stale else [],
            "roles": [(each.value, word) for each, word in ROLE_WORDS.items()],
            "tracks": list(TRACK_WORDS.items()),
        }

    async def _belongs(self, person: Person, reader: Visitor) -> dict[str, Any]:
        """The groups of a participant, and, of a teen, who answers for them."""
        guardians = []
        for care in await self._guardians.of(person.person):
            if (known := await self._store.clinic.get_person(care.guardian)) is not None:
                guardians.append({"name": known.name, "url": guardian_url(care, reader)})
        return {
            "groups": (await self._groups()).get(person.person, []),
            "teen": is_minor(person.track, person.born, self._today(person.zone), ADULT_AGE),
            "guardians": sorted(guardians, key=lambda each: each["name"].casefold()),
        }

    async def keep(self, person: PersonId | None, given: Mapping[str, str], *, by: Visitor) -> PersonId:
        """Raises Refusal, Stale."""
        there = await self._store.clinic.get_person(person) if person else None
        if person is not None and there is None:
            raise Refusal("unknown_person", "There is nobody of that name any more.")
        id = person or self._ids(await self._address(given, person))
        kept = Person(
            person=id,
            name=line(given.get("name", ""), "the name", NAME_MAX),
            role=Role(_one_of(given.get("role", ""), [role.value for role in Role], marked("role"))),
            track=_one_of(given.get("track", ""), TRACKS, marked("adult or teen")),
            zone=(zone := _zone(given.get("zone", ""))),
            born=born_on(given.get("born", ""), self._today(zone)),
        )
        before = await self._contacts.get(id)
        contact = _contact(id, given, before.value if before else Contact(person=id))
        contact = replace(contact, email=await self._address(given, id))
        check_contact(contact)
        revision = given.get("revision", "")
        upon = int(revision) if REVISION.fullmatch(revision) else 0
        await self._contacts.put(contact, upon=upon, by=by.person, at=self._clock.now())
        await self._store.clinic.put_person(kept)
        return id

    def _today(self, zone: str) -> date:
        return day_of(self._clock.now(), zone_of(zone))

    async def _address(self, given: Mapping[str, str], person: PersonId | None) -> str:
        address = "".join(given.get("email", "").split()).casefold()
        if len(address) > EMAIL_MAX or not EMAIL.fullmatch(address):
            raise Refusal("bad_address", "That is no mail address. It is where the invitation goes.")
        if any(theirs == address and whose != person for whose, theirs in (await self._addresses()).items()):
            raise Refusal("known_address", "Somebody has this address already. Everybody needs their own.")
        return address

    # ------------------------------------------------------------------ a list

    async def look(self, text: bytes | str, *, zone: str, by: Visitor) -> dict[str, Any]:
        text, remark = decode(text) if isinstance(text, bytes) else (text, "")
        file = parse(text)
        _zone(zone)
        roll = await self._intake.preview(file.heading, file.rows, zone=zone)
        return {"text": text, "zone": zone, "remark": remark, "roll": await self._told(roll)}

    async def take_in(self, text: str, *, zone: str, by: Visitor) -> AsyncIterator[dict[str, Any]]:
        file = parse(text)
        _zone(zone)
        before = await self._intake.preview(file.heading, file.rows, zone=zone)
        began = self._clock.now()
        async for step in self._intake.take_in(file.heading, file.rows, zone=zone, by=by.person):
            match step:
                case Far(rows=rows, of=of):
                    left_ms = (self._clock.now() - began) * (of - rows) // rows if rows else 0
                    yield {"rows": rows, "of": of, "left_ms": left_ms}
                case TakenIn():
                    await self._plan()
                    yield {
                        "text": _left(file, before),
                        "zone": zone,
                        "taken": {"new": step.new, "changed": step.changed},
                        "roll": await self._told(before),
                    }

    async def _told(self, roll: Roll) -> dict[str, Any]:
        titles = {id: held.value.title for id, held in (await self._shelves.cohorts.all()).items()}
        return {
            **{fate.value: len(roll.of(fate)) for fate in Fate},
            "missing": roll.missing,
            "passed_over": roll.passed_over,
            "problems": roll.problems[:PROBLEMS_MAX],
            "more_problems": max(0, len(roll.problems) - PROBLEMS_MAX),
            "rows": [_row(row, titles) for row in roll.rows[:SHOWN_MAX]],
            "more_rows": max(0, len(roll.rows) - SHOWN_MAX),
        }


def _row(row: Row, titles: Mapping[str, str]) -> dict[str, Any]:
    person = row.person
    return {
        "number": row.number,
        "fate": FATE_WORDS[row.fate],
        "chip": FATE_CHIPS[row.fate],
        "name": row.name,
        "address": person.email if person else "",
        "role": ROLE_WORDS[person.role] if person else "",
        "teen": person is not None and person.track == "teen",
        "born": person.born.isoformat() if person and person.born else "",
        "group": titles.get(person.cohort, "") if person else "",
        "guardian": person.guardian if person else "",
    }


def _left(file: RollFile, roll: Roll) -> str:
    """The rows that wait, with their heading, as they can be pasted again; "" if there are none."""
    waiting = [row.number for row in roll.of(Fate.WRONG)]
    if not waiting:
        return ""
    file_left = io.StringIO()
    writer = csv.writer(file_left, delimiter="\t", lineterminator="\n")
    writer.writerows([file.heading, *(file.rows[number - 2] for number in waiting)])
    return file_left.getvalue()


def _addresses(every: Mapping[str, Held[Contact]]) -> dict[PersonId, str]:
    return {held.value.person: held.value.email for held in every.values() if held.value.email}


def _groups(cohorts: Mapping[str, Held[Cohort]], every: Mapping[str, Held[Enrolment]]) -> dict[PersonId, list[str]]:
    """The titles of everybody's groups."""
    groups: dict[PersonId, list[str]] = {}
    for held in every.values():
        if held.value.until is None and held.value.cohort in cohorts:
            groups.setdefault(held.value.person, []).append(cohorts[held.value.cohort].value.title)
    return groups


def _uninvited(addresses: Mapping[PersonId, str], standings: Mapping[PersonId, Standing]) -> list[PersonId]:
    return [person for person in addresses if standings.get(person, Standing.UNINVITED) is Standing.UNINVITED]


def _stands(person: Person | None, contact: Held[Contact] | None, zone: str) -> dict[str, str]:
    return {
        "name": person.name if person else "",
        "email": contact.value.email if contact else "",
        "role": person.role.value if person else Role.PARTICIPANT.value,
        "track": person.track if person else "adult",
        "zone": person.zone if person else zone,
        "born": person.born.isoformat() if person and person.born else "",
        "phone": contact.value.phone if contact else "",
        "revision": str(contact.revision if contact else 0),
    }


def _nearest(contact: Held[Contact] | None) -> list[dict[str, str]]:
    there = contact.value.nearest if contact else ()
    filled = [{"name": one.name, "relation": one.relation, "phone": one.phone} for one in there]
    blank = {"name": "", "relation": "", "phone": ""}
    return (filled + [blank] * BLANKS)[:NEAREST_MAX]


def _lines(given: Mapping[str, str]) -> list[dict[str, str]]:
    """The lines of whom to call, as they were typed."""
    lines = []
    for n in range(1, NEAREST_MAX + 1):
        one = {what: given.get(f"nearest_{what}_{n}", "") for what in ("name", "relation", "phone")}
        if any(one.values()) or n == 1:
            lines.append(one)
    return lines


def _contact(person: PersonId, given: Mapping[str, str], before: Contact) -> Contact:
    known = {one.name: one.guardian for one in before.nearest}
    nearest = []
    for one in _lines(given):
        if any(text.strip() for text in one.values()):
            name = line(one["name"], "the name of whom to call", NAME_MAX)
            relation = line(one["relation"], "who they are", RELATION_MAX, required=False)
            phone = line(one["phone"], f"the phone number of {name}", CALLBACK_MAX, required=False)
            nearest.append(Nearest(name=name, relation=relation, phone=phone, guardian=known.get(name)))
    phone = line(given.get("phone", ""), "the phone number", CALLBACK_MAX, required=False)
    return Contact(person=person, phone=phone, nearest=tuple(nearest))


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise Refusal(
            "bad_choice", Sentence("“{word}” is no time zone. One looks like this: America/New_York.", word=text[:40])
        )
    return text


def _one_of(text: str, choices: Collection[str], what: str) -> str:
    if text not in choices:
        raise Refusal("bad_choice", Sentence("“{word}” is none of the choices: {what}.", word=text[:40], what=what))
    return text
