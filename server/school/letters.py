"""Letters about what is offered: a seat that opened, a meeting that can make up for another. One to each reader, once.

They go to the person and to those of their guardians who may answer for them. Nothing in them says what kind of meeting
it is, of which group, or whose: the page behind the link says that to whoever may know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Protocol
from urllib.parse import quote

import structlog

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId, SessionId
from facilitation.makeups import Invited
from facilitation.sentences import marked
from facilitation.timebase import Instant
from facilitation.waiting import Waiting
from server.addresses import addresses
from server.clock import Clock
from server.mail.letter import Letter
from server.mail.ports import Mail, MailIsFull
from server.rooms.ports import CorruptLog, Stale, StoreUnavailable
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Clinic
from server.store.register import Register, Shelf
from server.web.words import Words, local

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 120.0
SEAT: Final = marked("A place you are waiting for is free.")
SEAT_OF_WARD: Final = marked("A place your family is waiting for is free.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Who has had their letter about one offer."""

    offer: str
    people: frozenset[PersonId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """`id` names it for ever; `page` is where it is answered, and `care` what a guardian needs for that."""

    id: str
    person: PersonId
    care: Care
    page: str
    answer_by: Instant
    missed: SessionId | None = None


class Seats(Protocol):
    async def offered(self) -> Sequence[Waiting]: ...


class MakeUps(Protocol):
    async def offers(self) -> Sequence[Invited]: ...


class Guardians(Protocol):
    async def of(self, teen: PersonId) -> Sequence[Guardianship]: ...


class OfferLetters:
    """`words_for`: the language that somebody chose."""

    def __init__(
        self,
        register: Register,
        *,
        seats: Seats,
        make_ups: MakeUps,
        guardians: Guardians,
        clinic: Clinic,
        words_for: Callable[[PersonId], Awaitable[Words]],
        mail: Mail,
        clock: Clock,
        base_url: str,
    ) -> None:
        self._register = register
        self._seats = seats
        self._make_ups = make_ups
        self._guardians = guardians
        self._clinic = clinic
        self._words_for = words_for
        self._mail = mail
        self._clock = clock
        self._base_url = base_url
        self._written = Shelf(register, "offer-letter", Written, id_of=lambda each: each.offer, remembered=False)

    async def run(self) -> None:
        """For ever. What goes wrong waits for the next look."""
        while True:
            try:
                await self.send_due()
            except (StoreUnavailable, CorruptLog, MailIsFull) as error:
                log.warning("letters about offers wait", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def send_due(self) -> int:
        """Write to whoever has had no letter yet about what they are offered; how many letters."""
        seats = [_seat(each) for each in await self._seats.offered()]
        offers = [*seats, *(_make_up(each) for each in await self._make_ups.offers())]
        known = await addresses(self._register) if offers else {}
        return sum([await self._about(offer, known) for offer in offers])

    async def _about(self, offer: _Offer, known: dict[PersonId, str]) -> int:
        held = await self._written.get(offer.id)
        written = Written(offer=offer.id) if held is None else held.value
        care = [each.guardian for each in await self._guardians.of(offer.person) if offer.care in each.may]
        new = []
        for reader in (offer.person, *care):
            person = await self._clinic.get_person(reader)
            if reader not in written.people and person is not None and known.get(reader):
                await self._mail.send(await self._letter(offer, person, known[reader]))
                new.append(reader)
        if new:
            after = replace(written, people=written.people | set(new))
            try:
                await self._written.put(after, upon=held.revision if held else 0, by="", at=self._clock.now())
            except Stale:
                pass  # another server writes to the same people: a letter has one key, and comes once
        return len(new)

    async def _letter(self, offer: _Offer, reader: Person, address: str) -> Letter:
        words = await self._words_for(reader.person)
        session = None if offer.missed is None else await self._clinic.get_session(offer.missed)
        if session is None:
            what = words(SEAT if reader.person == offer.person else SEAT_OF_WARD)
        else:
            what = words("There is another time for the meeting on {day}.", day=_day(session, reader.zone, words))
        paragraphs = (
            words("Hello {name},", name=reader.name),
            what,
            words("Please answer by {when}, yes or no:", when=words.moment(offer.answer_by, reader.zone)),
            f"{self._base_url}/{offer.page}/{quote(offer.person, safe='')}",
            words("If no answer comes by then, it is offered to whoever is next.")
            if session is None
            else words("You can also ask us by phone."),
        )
        return Letter(
            key=f"offer-{sha256(f'{offer.id} {reader.person}'.encode()).hexdigest()[:32]}",
            to=address,
            subject=words("Your meetings"),
            text="\n\n".join(paragraphs) + "\n",
        )


def _seat(one: Waiting) -> _Offer:
    assert one.answer_by is not None, "a seat is offered until some time"
    return _Offer(
        id=f"seat {one.id} {one.answer_by}",
        person=one.person,
        care=Care.SCHEDULE,
        page="waiting",
        answer_by=one.answer_by,
    )


def _make_up(one: Invited) -> _Offer:
    return _Offer(
        id=f"make-up {one.id}",
        person=one.person,
        care=Care.ABSENCES,
        page="away",
        answer_by=one.answer_by,
        missed=one.missed,
    )


def _day(session: ScheduledSession, zone: str, words: Words) -> str:
    return words.weekday(local(session.starts_at, zone).date())
