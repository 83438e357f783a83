"""One guardian of one teen, as staff keep it: what they may, that it is over and why, and what was before.

Whoever is a guardian no more sees nothing from that moment on, comes off the lists of meetings that they would have
come to as one, and is told so kindly: by a letter that names nobody, and on their own home page. The reason stays here.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import structlog

from facilitation.audit import Deed, Trace
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.guardianship import Care, Guardianship, ended, resumed
from facilitation.ids import PersonId
from facilitation.schedule import SeriesKind
from facilitation.text import REASON_MAX
from facilitation.weeks import day_of
from server.books.family import MAY
from server.door.guardians import Guardians
from server.letters.addresses import addresses
from server.mail.letter import Letter
from server.mail.ports import Mail, MailIsFull
from server.people.contacts import contacts
from server.store.clinic import Person
from server.store.register import Draft, Held, Shelf
from server.timetable.given import Given
from server.timetable.office import Office
from server.web.auth import Visitor
from server.web.schedule import Fields
from server.web.words import Words

log = structlog.get_logger(__name__)

"""As they stand in the audit log for ever."""


class GuardianBook:
    """The port `GuardianPages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        office: Office,
        *,
        guardians: Guardians,
        guardianships: Shelf[Guardianship],
        words_for: Callable[[PersonId], Awaitable[Words]],
        mail: Mail,
        base_url: str,
    ) -> None:
        self._office = office
        self._store = office.store
        self._clock = office.clock
        self._guardians = guardians
        self._shelf = guardianships
        self._contacts = contacts(office.store.register)
        self._words_for = words_for
        self._mail = mail
        self._home = f"{base_url}/home"

    async def page(
        self, teen: PersonId, guardian: PersonId, sent: Fields | None, words: Words
    ) -> dict[str, Any] | None:
        """None: they were never noted as that."""
        held = await self._shelf.get(_id(teen, guardian))
        known, other = await self._people(teen, guardian)
        if held is None or known is None or other is None:
            return None
        care, now = held.value, self._clock.now()
        today = day_of(now, zone_of(known.zone))
        usual = {"day": [today.isoformat()], "calls": ["1"]}
        near = await self._contacts.get(teen)
        return {
            "teen": known.name,
            "guardian": other.name,
            "revision": held.revision,
            "given": Given(usual if sent is None else sent),
            "may": sorted(each.value for each in care.may),
            "care": [(each.value, words(text)) for each, text in MAY.items()],
            "over": care.over(now),
            "until": "" if care.until is None else words.calendar(day_of(care.until, zone_of(known.zone))),
            "why": care.why,
            "of_age": await self._guardians.between(guardian, teen) is None and care.holds(now),
            "coming": await self._coming(known, guardian, words),
            "called": near is not None and any(each.guardian == guardian for each in near.value.nearest),
            "reason_max": REASON_MAX,
            "today": today.isoformat(),
            "history": await self._history(held.value, known, words),
        }

    async def allow(self, teen: PersonId, guardian: PersonId, sent: Fields, *, by: Visitor) -> None:
        """What they may from now on. Raises Refusal, Stale."""
        given = Given(sent)
        may = frozenset(Care(each) for each in given.some_of("may", "what they may", set(Care)))
        held, _ = await self._there(teen, guardian)
        await self._put(replace(held.value, may=may), given.upon, [], Deed.CARE_CHANGED, by=by)

    async def end(self, teen: PersonId, guardian: PersonId, sent: Fields, *, by: Visitor) -> None:
        """That they are no guardian any more, from a day on. They are told. Raises Refusal, Stale."""
        given = Given(sent)
        held, known = await self._there(teen, guardian)
        day = given.day("day", "the end")
        care = ended(held.value, day, given.raw("why"), zone=known.zone, now=self._clock.now())
        along = await self._uncalled(teen, guardian) if given.on("calls") else []
        await self._put(care, given.upon, along, Deed.CARE_ENDED, by=by)
        await self._tell(guardian, held.revision)

    async def resume(self, teen: PersonId, guardian: PersonId, sent: Fields, *, by: Visitor) -> None:
        """Take an end back. Raises Refusal, Stale."""
        held, _ = await self._there(teen, guardian)
        await self._put(resumed(held.value), Given(sent).upon, [], Deed.CARE_RESUMED, by=by)
        await self._tell(guardian, held.revision)

    # ------------------------------------------------------------------ inside

    async def _there(self, teen: PersonId, guardian: PersonId) -> tuple[Held[Guardianship], Person]:
        held, known = await self._shelf.get(_id(teen, guardian)), await self._store.clinic.get_person(teen)
        if held is None or known is None:
            raise Refusal("unknown_person", "There is no such guardian.")
        return held, known

    async def _put(self, care: Guardianship, upon: int, along: list[Draft], deed: Deed, *, by: Visitor) -> None:
        """The lists of their meetings follow in the same breath. The reason is kept with the record alone."""
        await self._office.book.put([self._shelf.draft(care, upon=upon), *along], by=by.person)
        await self._store.audit.record(
            Trace(
                trace=f"guardian-{secrets.token_hex(8)}",
                at=self._clock.now(),
                by=by.person,
                role=by.role,
                action=deed,
                about=(care.teen, care.guardian),
            )
        )

    async def _uncalled(self, teen: PersonId, guardian: PersonId) -> list[Draft]:
        """The teen's contacts without them."""
        held = await self._contacts.get(teen)
        if held is None:
            return []
        stay = tuple(each for each in held.value.nearest if each.guardian != guardian)
        contact = replace(held.value, nearest=stay)
        return [] if contact == held.value else [self._contacts.draft(contact, upon=held.revision)]

    async def _tell(self, guardian: PersonId, revision: int) -> None:
        """What has changed stands on their home page: a letter can be read by anybody."""
        known = await self._store.clinic.get_person(guardian)
        address = (await addresses(self._store.register)).get(guardian)
        if known is None or not address:
            return
        words = await self._words_for(guardian)
        paragraphs = (
            words("Hello {name},", name=known.name),
            words("something has changed in what you see here. Sign in, and your home page says what:"),
            self._home,
            words("Questions? Ask whoever invited you."),
        )
        key = f"seen-{secrets.token_hex(8)}"
        try:
            await self._mail.send(
                Letter(key=key, to=address, subject=words("Your sign-in"), text="\n\n".join(paragraphs) + "\n")
            )
        except MailIsFull:
            log.warning("a letter to a guardian was not taken")

    async def _people(self, teen: PersonId, guardian: PersonId) -> tuple[Person | None, Person | None]:
        return await self._store.clinic.get_person(teen), await self._store.clinic.get_person(guardian)

    async def _coming(self, teen: Person, guardian: PersonId, words: Words) -> list[str]:
        """Meetings of the family to come on whose list they stand."""
        near = await self._store.clinic.list_sessions(since=self._clock.now())
        return [
            words.moment(each.starts_at, teen.zone)
            for each in near
            if each.kind in (SeriesKind.FAMILY, SeriesKind.MULTI_FAMILY)
            and {teen.person, guardian} <= {seat.person for seat in each.roster}
        ]

    async def _history(self, care: Guardianship, teen: Person, words: Words) -> list[dict[str, str]]:
        """Every state of it, the newest first: since when, what they might, and who said so."""
        names: Mapping[PersonId, str] = {each.person: each.name for each in await self._store.clinic.list_people()}
        told, zone = [], teen.zone
        for held in reversed(await self._shelf.history(care.id)):
            value = held.value
            may = words.listed([words(MAY[each]) for each in Care if each in value.may]) or words("see nothing")
            if value.until is not None:
                day = words.calendar(day_of(value.until, zone_of(zone)))
                text = words("Ended on {day}: {why}", day=day, why=value.why or words("no reason is noted"))
            else:
                text = words("May {what}.", what=may)
            by = names.get(PersonId(held.by), "") or words("Milieu itself")
            told.append({"when": words.moment(held.at, zone), "by": by, "text": text})
        return told


def _id(teen: PersonId, guardian: PersonId) -> str:
    return f"{guardian} {teen}"
