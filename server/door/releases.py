"""What may leave the house: a Part 2 record goes to somebody outside only under a consent that stands (42 CFR 2.31).

Looked up before a disclosure is logged. Treatment here, a medical emergency and one's own copy need none; a revoked
consent stops the rest, and nothing but that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from facilitation.consents import (
    ConsentForm,
    ConsentKind,
    SignedAs,
    Standing,
    Subject,
    form_of,
    needed_to_disclose,
    scope,
    standing,
)
from facilitation.disclosures import PART_2_NOTICE, Purpose
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.people import Role
from facilitation.programme import Programme
from facilitation.releases import NAMED, What
from facilitation.releases import Release as Named
from facilitation.sentences import Sentence
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.clock import Clock
from server.door.consents import Consents, Programmes
from server.door.named import NamedReleases
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

    def __init__(
        self, store: Store, *, consents: Consents, named: NamedReleases, programmes: Programmes, clock: Clock
    ) -> None:
        self._store = store
        self._named = named
        self._consents = consents
        self._programmes = programmes
        self._clock = clock

    async def receivers(self) -> list[str]:
        """Everybody whom some release names."""
        return await self._named.receivers()

    async def check(
        self, sessions: Mapping[PersonId, Iterable[str]], purpose: Purpose, *, what: What, receiver: str = ""
    ) -> Release:
        """What goes with records of these people's sessions. Raises Refusal that names whose consent does not stand.

        `receiver`: who gets it; for the purposes of NAMED a consent has to name them.
        """
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
            subject = await self._consents.subject(who, part_2)
            if purpose in NAMED:
                if not receiver:
                    raise Refusal(
                        "receiver_needed", "Say who gets it: a Part 2 record goes only to whom a consent names."
                    )
                fits = await self._named.fitting(who, subject, receiver=receiver, what=what, purpose=purpose)
                if fits is None:
                    lacking.append(who.name)
                else:
                    scopes[person] = _scope(fits, await self._named.standing(fits, who))
                    copies[person] = f"{fits.title}\n\n{fits.text}"
                continue
            found, form = await self._standing(who, subject, forms)
            if not found.stands:
                lacking.append(who.name)
            else:
                scopes[person] = scope(form, found)
                copies[person] = "" if form is None else f"{form.title}\n\n{form.text}"
        if lacking:
            raise Refusal("consent_needed", (_words_of_named if purpose in NAMED else _words)(lacking))
        return Release(scopes=scopes, copies=copies)

    async def check_since(
        self, since: Instant, people: Iterable[PersonId], purpose: Purpose, *, what: What, receiver: str = ""
    ) -> Release:
        """The same for all that these people took part in from `since` on."""
        wanted: dict[PersonId, list[str]] = {person: [] for person in people}
        for each in await self._store.clinic.list_sessions(since=since):
            for seat in each.roster:
                if seat.person in wanted:
                    wanted[seat.person].append(each.session)
        return await self.check(wanted, purpose, what=what, receiver=receiver)

    async def _programme(self, session: str, known: dict[str, Programme | None]) -> Programme | None:
        if session not in known:
            scheduled = await self._store.clinic.get_session(session)
            known[session] = None if scheduled is None else self._programmes(scheduled.programme_id)
        return known[session]

    async def _who(self, person: PersonId) -> Person:
        who = await self._store.clinic.get_person(person)
        return who or Person(person=person, name=str(person), role=Role.PARTICIPANT, track="adult", zone="UTC")

    async def _standing(
        self, who: Person, subject: Subject, forms: tuple[ConsentForm, ...]
    ) -> tuple[Standing, ConsentForm | None]:
        file = await self._consents.file(who.person)
        day = day_of(self._clock.now(), zone_of(who.zone))
        found = standing(ConsentKind.PART2, subject, day, file.consents, forms)
        return found, form_of(forms, found.resting_on[-1]) if found.resting_on else None


def _scope(release: Named, found: Standing) -> str:
    """As `scope` says it of the general consent, with the receiver and the day on which it ends."""
    signed = "; ".join(
        f"signed {each.day.isoformat()} by {each.name}{' as guardian' if each.signed_as is SignedAs.GUARDIAN else ''}"
        for each in found.resting_on
    )
    return (
        f"Disclosed to {release.receiver} under: {release.title} (version {release.version}), {signed}, "
        f"until {release.until.isoformat()}."
    )


def _named_ones(names: list[str]) -> Sentence | str:
    first, more = ", ".join(names[:NAMED_MAX]), len(names) - NAMED_MAX
    return Sentence("{names} and {n} more", names=first, n=more) if more > 0 else first


def _words_of_named(names: list[str]) -> Sentence:
    return Sentence(
        "There is no consent that stands, names this receiver and covers this purpose, of: {names}. Draw one up and "
        "let them sign it, under their agreements.",
        names=_named_ones(names),
    )


def _words(names: list[str]) -> Sentence:
    return Sentence(
        "There is no consent that stands to give Part 2 records outside, of: {names}. "
        "Leave them out, or let them sign under Agreements. Treatment here and a medical emergency need none.",
        names=_named_ones(names),
    )
