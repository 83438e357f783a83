"""What may leave the house: a Part 2 record goes to somebody outside only under a consent that stands (42 CFR 2.31).

Looked up before a disclosure is logged. Treatment here, a medical emergency and one's own copy need none; a revoked
consent stops the rest, and nothing but that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from facilitation.consents import ConsentForm, ConsentKind, Standing, form_of, needed_to_disclose, scope, standing
from facilitation.disclosures import PART_2_NOTICE, Purpose
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.programme import Programme
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.clock import Clock
from server.door.consents import Consents, Programmes
from server.store.clinic import Person
from server.store.ports import Store

NAMED_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What goes with a file. `scopes`: under which consent each Part 2 record is in it; `copies`: the text of that."""

    scopes: Mapping[PersonId, str] = field(default_factory=dict)
    copies: Mapping[PersonId, str] = field(default_factory=dict)

    def notice(self, person: PersonId) -> str:
        """For a line about one person: the statement of 42 CFR 2.32 and the scope."""
        said = self.scopes.get(person)
        return PART_2_NOTICE if said is None else f"{PART_2_NOTICE} {said}"

    def paper(self, person: PersonId) -> bytes | None:
        """The statement, the scope and a copy of the consent, as a text of its own; None: no Part 2 record is in it."""
        if person not in self.scopes:
            return None
        return f"{PART_2_NOTICE}\n\n{self.scopes[person]}\n\n{self.copies[person]}\n".encode()


class Releases:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, consents: Consents, programmes: Programmes, clock: Clock) -> None:
        self._store = store
        self._consents = consents
        self._programmes = programmes
        self._clock = clock

    async def check(self, sessions: Mapping[PersonId, Iterable[str]], purpose: Purpose) -> Release:
        """What goes with records of these people's sessions. Raises Refusal that names whose consent does not stand."""
        if not needed_to_disclose(purpose):
            return Release()
        known: dict[str, Programme | None] = {}
        scopes: dict[PersonId, str] = {}
        copies: dict[PersonId, str] = {}
        lacking: list[str] = []
        forms = await self._consents.forms()
        for person, theirs in sessions.items():
            programmes = [each for each in [await self._programme(id, known) for id in theirs] if each is not None]
            part_2 = list({each.id: each for each in programmes if each.part2}.values())
            if not part_2:
                continue
            who = await self._who(person)
            found, form = await self._standing(who, part_2, forms)
            if not found.stands:
                lacking.append(who.name)
            else:
                scopes[person] = scope(form, found)
                copies[person] = "" if form is None else f"{form.title}\n\n{form.text}"
        if lacking:
            raise Refusal("consent_needed", _words(lacking))
        return Release(scopes=scopes, copies=copies)

    async def check_since(self, since: Instant, people: Iterable[PersonId], purpose: Purpose) -> Release:
        """The same for all that these people took part in from `since` on."""
        wanted: dict[PersonId, list[str]] = {person: [] for person in people}
        for each in await self._store.clinic.list_sessions(since=since):
            for seat in each.roster:
                if seat.person in wanted:
                    wanted[seat.person].append(each.session)
        return await self.check(wanted, purpose)

    async def _programme(self, session: str, known: dict[str, Programme | None]) -> Programme | None:
        if session not in known:
            scheduled = await self._store.clinic.get_session(session)
            known[session] = None if scheduled is None else self._programmes(scheduled.programme_id)
        return known[session]

    async def _who(self, person: PersonId) -> Person:
        who = await self._store.clinic.get_person(person)
        return who or Person(person=person, name=str(person), role=Role.PARTICIPANT, track="adult", zone="UTC")

    async def _standing(
        self, who: Person, programmes: list[Programme], forms: tuple[ConsentForm, ...]
    ) -> tuple[Standing, ConsentForm | None]:
        subject = await self._consents.subject(who, programmes)
        file = await self._consents.file(who.person)
        day = day_of(self._clock.now(), zone_of(who.zone))
        found = standing(ConsentKind.PART2, subject, day, file.consents, forms)
        return found, form_of(forms, found.resting_on[-1]) if found.resting_on else None


def _words(names: list[str]) -> Sentence:
    first, more = ", ".join(names[:NAMED_MAX]), len(names) - NAMED_MAX
    return Sentence(
        "There is no consent that stands to give Part 2 records outside, of: {names}. "
        "Leave them out, or let them sign under Agreements. Treatment here and a medical emergency need none.",
        names=Sentence("{names} and {n} more", names=first, n=more) if more > 0 else first,
    )
