"""Letters about what is offered: a seat that opened, a meeting that can make up for another, and what the clinic
says to whoever chose one. One to each reader, once.

They go to the person and to those of their guardians who may answer for them. Nothing in them says what kind of meeting
it is, of which group, or whose: the page behind the link says that to whoever may know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Protocol, assert_never
from urllib.parse import quote

from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId, SessionId
from facilitation.makeups import Invited, MakeUp, Standing
from facilitation.sentences import marked
from facilitation.timebase import Instant
from facilitation.waiting import Waiting
from server.again import again_and_again
from server.clock import Clock
from server.letters.addresses import addresses
from server.mail.letter import Attachment, Letter
from server.mail.ports import Mail
from server.rooms.ports import Stale
from server.store.clinic import Person, ScheduledSession
from server.store.ports import Clinic
from server.store.register import Held, Register, Shelf
from server.web.words import Words, local

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What the clinic said to the wish for a make-up."""

    id: str
    person: PersonId
    care: Care
    make_up: MakeUp


class Seats(Protocol):
    async def offered(self) -> Sequence[Waiting]: ...


class MakeUps(Protocol):
    async def offers(self) -> Sequence[Invited]: ...
    async def answered(self) -> Sequence[MakeUp]: ...


class Guardians(Protocol):
    async def of(self, teen: PersonId) -> Sequence[Guardianship]: ...


Entry = Callable[[ScheduledSession, str, Words], Attachment]
"""A meeting as an entry for the calendar of whoever has that address."""


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
        entry: Entry,
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
        self._entry = entry
        self._mail = mail
        self._clock = clock
        self._base_url = base_url
        self._written = Shelf(register, "offer-letter", Written, id_of=lambda each: each.offer, remembered=False)

    async def run(self) -> None:
        await again_and_again(self.send_due, every_s=LOOK_EVERY_S, what="letters about offers")

    async def send_due(self) -> int:
        """Write to whoever has had no letter yet about what they are offered, or were answered; how many letters."""
        answers = [_answer(each) for each in await self._make_ups.answered()]
        seats = [_seat(each) for each in await self._seats.offered()]
        offers = [*seats, *(_make_up(each) for each in await self._make_ups.offers())]
        told = {f"make-up {each.make_up.missed} {each.person}" for each in answers}  # they know where to choose again
        due: list[_Offer | _Answer] = [*answers, *(each for each in offers if each.id not in told)]
        known = await addresses(self._register) if due else {}
        return sum([await self._about(each, known) for each in due])

    async def _about(self, due: _Offer | _Answer, known: dict[PersonId, str]) -> int:
        held = await self._written.get(due.id)
        written = Written(offer=due.id) if held is None else held.value
        care = [each.guardian for each in await self._guardians.of(due.person) if due.care in each.may]
        new: set[PersonId] = set()
        try:
            for reader in (due.person, *care):
                person = await self._clinic.get_person(reader)
                if reader not in written.people and person is not None and known.get(reader):
                    letter = await self._letter(due, person, known[reader], await self._words_for(reader))
                    if letter is not None:
                        await self._mail.send(letter)
                        new.add(reader)
        finally:  # who has a letter gets no second one because somebody else's could not be taken
            if new:
                await self._keep(replace(written, people=written.people | new), held)
        return len(new)

    async def _keep(self, written: Written, held: Held[Written] | None) -> None:
        try:
            await self._written.put(written, upon=held.revision if held else 0, by="", at=self._clock.now())
        except Stale:
            pass  # another server writes to the same people: a letter has one key, and comes once

    async def _letter(self, due: _Offer | _Answer, reader: Person, address: str, words: Words) -> Letter | None:
        match due:
            case _Offer():
                return await self._offered(due, reader, address, words)
            case _Answer():
                return await self._answered(due, reader, address, words)
            case _:
                assert_never(due)

    async def _offered(self, offer: _Offer, reader: Person, address: str, words: Words) -> Letter:
        session = None if offer.missed is None else await self._clinic.get_session(offer.missed)
        if session is None:
            what = words(SEAT if reader.person == offer.person else SEAT_OF_WARD)
        else:
            what = words("There is another time for the meeting on {day}.", day=_day(session, reader.zone, words))
        paragraphs = (
            what,
            words("Please answer by {when}, yes or no:", when=words.moment(offer.answer_by, reader.zone)),
            f"{self._base_url}/{offer.page}/{quote(offer.person, safe='')}",
            words("If no answer comes by then, it is offered to whoever is next.")
            if session is None
            else words("You can also ask us by phone."),
        )
        return _letter("offer", offer.id, reader, address, paragraphs, words)

    async def _answered(self, answer: _Answer, reader: Person, address: str, words: Words) -> Letter | None:
        """With an entry for the calendar of whoever comes. None: that meeting has begun, or is not there any more."""
        missed = await self._clinic.get_session(answer.make_up.missed)
        session = await self._clinic.get_session(answer.make_up.session)
        if missed is None or session is None or session.starts_at <= self._clock.now():
            return None
        when = words.moment(session.starts_at, reader.zone)
        day = _day(missed, reader.zone, words)
        page = f"{self._base_url}/away/{quote(answer.person, safe='')}"
        if answer.make_up.standing is Standing.AGREED:
            paragraphs: tuple[str, ...] = (
                words("Agreed: the meeting on {when} makes up for the one on {day}.", when=when, day=day),
                words("It stands on the home page from now on:"),
                f"{self._base_url}/home",
            )
            own = reader.person == answer.person
            entries = (self._entry(session, address, words),) if own else ()
            return _letter("answer", answer.id, reader, address, paragraphs, words, entries)
        paragraphs = (
            words("The meeting on {when} cannot make up for the one on {day}.", when=when, day=day),
            words("Perhaps another one can:"),
            page,
            words("You can also ask us by phone."),
        )
        return _letter("answer", answer.id, reader, address, paragraphs, words)


def _letter(
    kind: str,
    id: str,
    reader: Person,
    address: str,
    paragraphs: Sequence[str],
    words: Words,
    attachments: tuple[Attachment, ...] = (),
) -> Letter:
    return Letter(
        key=f"{kind}-{sha256(f'{id} {reader.person}'.encode()).hexdigest()[:32]}",
        to=address,
        subject=words("Your meetings"),
        text="\n\n".join((words("Hello {name},", name=reader.name), *paragraphs)) + "\n",
        attachments=attachments,
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


def _answer(one: MakeUp) -> _Answer:
    return _Answer(id=f"answer {one.id} {one.asked_at}", person=one.person, care=Care.ABSENCES, make_up=one)


def _day(session: ScheduledSession, zone: str, words: Words) -> str:
    return words.weekday(local(session.starts_at, zone).date())
