"""Reminding people by mail that a signature of theirs is missing: neutral words, not too often, and kept in the log."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from facilitation.audit import Deed, Trace
from facilitation.consents import SignedAs
from facilitation.ids import PersonId
from facilitation.timebase import HOUR_MS, Instant
from server.clock import Clock
from server.door.consents import Consents, Missing
from server.letters.addresses import addresses
from server.mail.letter import Letter
from server.mail.ports import Mail, MailIsFull
from server.rooms.ports import Stale
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import Shelf
from server.web.auth import Visitor
from server.web.catalogues import ENGLISH
from server.web.words import words_in

log = structlog.get_logger(__name__)

NOT_BEFORE_MS: Final = 3 * 24 * HOUR_MS
"""So long after a letter nobody gets another one."""

Languages = Callable[[PersonId], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """When somebody was written to last."""

    person: PersonId
    at: Instant


class ConsentLetters:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self, store: Store, mail: Mail, *, consents: Consents, languages: Languages, base_url: str, clock: Clock
    ) -> None:
        self._store = store
        self._mail = mail
        self._consents = consents
        self._languages = languages
        self._address = f"{base_url}/consents"
        self._clock = clock
        self._shelf = Shelf(store.register, "consent-reminder", Reminded, id_of=lambda each: each.person)

    async def signers(self, missing: Sequence[Missing]) -> list[list[Person]]:
        """Whose signature it is that is missing, of each: their own, their guardians'."""
        guardians = await self._store.clinic.get_people(sorted({id for one in missing for id in one.subject.guardians}))
        found = []
        for one in missing:
            lacking = {part for each in one.asked for part in each.standing.lacking}
            found.append([one.person] if SignedAs.SELF in lacking else [])
            if SignedAs.GUARDIAN in lacking:
                found[-1] += [guardians[id] for id in sorted(one.subject.guardians) if id in guardians]
        return found

    async def reached(self) -> dict[PersonId, str]:
        return await addresses(self._store.register)

    async def last(self) -> dict[PersonId, Instant]:
        """When everybody was reminded last."""
        return {held.value.person: held.value.at for held in (await self._shelf.all()).values()}

    async def remind(self, *, by: Visitor) -> int:
        """Write to everybody whose signature is missing, who can be written to, and was not lately; how many."""
        reached, now, sent = await self.reached(), self._clock.now(), 0
        signers = await self.signers(await self._consents.missing())
        wanted = {each.person: each for some in signers for each in some}
        for person in wanted.values():
            address = reached.get(person.person)
            held = await self._shelf.get(person.person)
            if not address or (held is not None and now < held.value.at + NOT_BEFORE_MS):
                continue
            try:
                mark = Reminded(person=person.person, at=now)
                await self._shelf.put(mark, upon=held.revision if held else 0, by=by.person, at=now)
                await self._mail.send(await self._letter(person, address, now))
            except Stale:
                continue  # somebody else pressed the same button: they wrote
            except MailIsFull:
                log.warning("a reminder to sign was not taken")
                continue
            await self._tell(person.person, by)
            sent += 1
        return sent

    async def _letter(self, person: Person, address: str, now: Instant) -> Letter:
        words = words_in(await self._languages(person.person) or ENGLISH)
        paragraphs = (
            words("Hello {name},", name=person.name),
            words("there is something to read and sign before the next meeting. Sign in, and you find it here:"),
            self._address,
            words("Questions? Ask whoever invited you."),
        )
        text = "\n\n".join(paragraphs) + "\n"
        return Letter(key=f"sign-{person.person}-{now}", to=address, subject=words("Your meeting"), text=text)

    async def _tell(self, person: PersonId, by: Visitor) -> None:
        await self._store.audit.record(
            Trace(
                trace=f"reminder-{secrets.token_hex(8)}",
                at=self._clock.now(),
                by=by.person,
                role=by.role,
                action=Deed.REMINDED,
                about=(person,),
            )
        )
