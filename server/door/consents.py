"""Consents of the clinic's people: which are asked of whom, what stands, signing and taking back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from facilitation import consents
from facilitation.ages import came_of_age, is_minor
from facilitation.consents import (
    GENERAL,
    ConsentFile,
    ConsentForm,
    ConsentKind,
    Signers,
    Standing,
    Subject,
    check_forms,
    current,
    needed,
    part_of,
    standing,
)
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.guardianship import Care, Guardianship
from facilitation.ids import PersonId
from facilitation.languages import ENGLISH
from facilitation.people import Role
from facilitation.programme import Programme
from facilitation.timebase import Instant
from facilitation.weeks import day_of
from server.clock import Clock
from server.door import shelves
from server.door.ages import LOOK_BACK_MS, adult_age
from server.rooms.ports import Stale
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import Held

TRIES: Final = 4
STRICTEST: Final = (Signers.BOTH, Signers.GUARDIAN, Signers.MINOR)

Programmes = Callable[[str], Programme]
"""A programme by id, PLAIN for an empty one."""


class Guardianships(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def of(self, teen: PersonId) -> Sequence[Guardianship]: ...
    async def of_minors(self, teens: Iterable[PersonId]) -> Mapping[PersonId, Sequence[Guardianship]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One kind of consent as it stands for one person today. `form`: what there is to read, None: no text is in force.

    `again`: the wording that was signed last, where it is another one.
    """

    form: ConsentForm | None
    standing: Standing
    required: bool
    file: ConsentFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What somebody's way in waits for; `subject`: by whom it can be signed."""

    person: Person
    subject: Subject
    asked: tuple[Asked, ...]


class Consents:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(
        self,
        store: Store,
        *,
        shipped: Sequence[ConsentForm],
        programmes: Programmes,
        guardianships: Guardianships,
        clock: Clock,
    ) -> None:
        self._store = store
        self._shipped = tuple(shipped)
        self._programmes = programmes
        self._guardianships = guardianships
        self._clock = clock
        self._files = shelves.consent_files(store.register)
        self._texts = shelves.consent_texts(store.register)

    # ------------------------------------------------------------------ texts

    async def forms(self) -> tuple[ConsentForm, ...]:
        """Every text there is, shipped or the clinic's own."""
        own = await self._texts.all()
        return (*self._shipped, *(held.value for held in own.values()))

    async def publish(self, form: ConsentForm, *, by: PersonId) -> None:
        """Add a version. It begins today or later: what was signed under the one before was right until then."""
        there = await self.forms()
        if form.effective_from < self._day("UTC") - timedelta(days=1):
            raise Refusal("bad_consent", "A new version begins today or later.")
        check_forms([*there, form])
        try:
            await self._texts.put(form, upon=0, by=by, at=self._clock.now())
        except Stale:
            raise Refusal("bad_consent", "Somebody has just added this version. Look at it first.") from None

    # ------------------------------------------------------------------ of one person

    async def subject(self, person: Person, programmes: Sequence[Programme], state: str = "") -> Subject:
        """For whom is signed, under the rules of these programmes; of several, the strictest."""
        minor = self._minor(person, programmes)
        guardians = await self._guardianships.of(person.person) if minor else ()
        return self._subject(person, programmes, guardians, state)

    def _minor(self, person: Person, programmes: Sequence[Programme]) -> bool:
        treated = person.role is Role.PARTICIPANT
        return treated and is_minor(person.track, person.born, self._day(person.zone), adult_age(programmes))

    def _subject(
        self, person: Person, programmes: Sequence[Programme], guardians: Iterable[Guardianship], state: str = ""
    ) -> Subject:
        """`guardians`: of a minor, those that hold."""
        now, day, age = self._clock.now(), self._day(person.zone), adult_age(programmes)
        rules = {consents.signers(each.minors, each.minors_by_state, state) for each in programmes}
        return Subject(
            person=person.person,
            minor=self._minor(person, programmes),
            signers=next((rule for rule in STRICTEST if rule in rules), Signers.BOTH),
            guardians=frozenset(each.guardian for each in guardians if each.allows(Care.CONSENTS, now)),
            of_age=came_of_age(person.born, day, age) if person.role is Role.PARTICIPANT else None,
        )

    async def programmes_of(self, person: PersonId) -> list[Programme]:
        """Those of the sessions on whose list they stand, from a month ago on."""
        since = Instant(self._clock.now() - LOOK_BACK_MS)
        sessions = await self._store.clinic.list_sessions(since=since)
        ids = {
            each.programme_id
            for each in sessions
            if any(seat.person == person and seat.treated for seat in each.roster)
        }
        return [self._programmes(id) for id in sorted(ids)]

    async def of(self, person: Person, *, state: str = "", language: str = ENGLISH) -> list[Asked]:
        """Every kind, whether it is asked for or was ever signed or not."""
        programmes = await self.programmes_of(person.person)
        subject = await self.subject(person, programmes, state)
        required = {kind for each in programmes for kind in each.consents}
        return self._asked(subject, required, await self.file(person.person), await self.forms(), person, language)

    def _asked(
        self,
        subject: Subject,
        required: set[str],
        file: ConsentFile,
        forms: Sequence[ConsentForm],
        person: Person,
        language: str = ENGLISH,
    ) -> list[Asked]:
        day = self._day(person.zone)
        return [
            Asked(
                form=current(forms, kind, day, language),
                standing=standing(kind, subject, day, file.consents, forms),
                required=kind.value in required,
                file=file,
            )
            for kind in GENERAL
        ]

    async def count_to_sign(self, person: Person, signer: PersonId) -> int:
        """How many texts that are asked for wait for this very signer."""
        subject = await self.subject(person, await self.programmes_of(person.person))
        asked = [each for each in await self.of(person) if each.required]
        return len(to_sign(asked, subject, signer))

    async def file(self, person: PersonId) -> ConsentFile:
        held = await self._files.get(person)
        return ConsentFile(person=person) if held is None else held.value

    async def sign(
        self,
        person: Person,
        kind: ConsentKind,
        *,
        fingerprint: str,
        signer: PersonId,
        name: str,
        state: str = "",
        programmes: Sequence[Programme] | None = None,
        on_paper: PersonId | None = None,
    ) -> None:
        """Sign the text of this fingerprint, which must be one that is in force. Raises Refusal."""
        if kind not in GENERAL:
            raise Refusal("bad_consent", "There is no such consent.")
        day = self._day(person.zone)
        forms = await self.forms()
        offered = {form.fingerprint: form for form in self._offered(forms, kind, day)}
        if fingerprint not in offered:
            raise Refusal("stale_consent", "The text has changed meanwhile. Please read it once more, then sign.")
        ruled = await self.programmes_of(person.person) if programmes is None else programmes
        subject = await self.subject(person, ruled, state)

        def signed(file: ConsentFile) -> ConsentFile:
            return consents.sign(
                file,
                subject,
                offered[fingerprint],
                signer=signer,
                name=name,
                at=self._clock.now(),
                day=day,
                on_paper=on_paper,
            )

        await self._change(person.person, signed, by=on_paper or signer)

    async def revoke(self, person: Person, kind: ConsentKind, *, signer: PersonId, words: str) -> None:
        """Take back what `signer` gave. Raises Refusal."""
        at, day = self._clock.now(), self._day(person.zone)
        await self._change(
            person.person,
            lambda file: consents.revoke(file, kind, signer=signer, at=at, day=day, words=words),
            by=signer,
        )

    async def _change(self, person: PersonId, change: Callable[[ConsentFile], ConsentFile], *, by: PersonId) -> None:
        """Two who sign at once are both kept: the later one signs upon what the first has left."""
        for _ in range(TRIES):
            held: Held[ConsentFile] | None = await self._files.get(person)
            file = ConsentFile(person=person) if held is None else held.value
            changed = change(file)
            if changed == file:
                return
            try:
                await self._files.put(changed, upon=0 if held is None else held.revision, by=by, at=self._clock.now())
            except Stale:
                continue
            return
        raise Refusal("busy", "Somebody else is signing at this very moment. Please try again.")

    # ------------------------------------------------------------------ of everybody

    async def missing(self) -> list[Missing]:
        """Whose way in waits for a signature, by name: of those on a list, from a month ago on."""
        sessions = await self._store.clinic.list_sessions(since=Instant(self._clock.now() - LOOK_BACK_MS))
        ids: dict[PersonId, set[str]] = {}
        for each in sessions:
            for seat in (seat for seat in each.roster if seat.treated):
                ids.setdefault(seat.person, set()).add(each.programme_id)
        forms = await self.forms()
        files = await self._files.all()
        concerned = {
            person.person: (person, [self._programmes(id) for id in sorted(ids[person.person])])
            for person in await self._store.clinic.list_people()
            if person.role is Role.PARTICIPANT and person.person in ids
        }
        guardians = await self._guardianships.of_minors(
            person.person for person, programmes in concerned.values() if self._minor(person, programmes)
        )
        found = []
        for person, programmes in concerned.values():
            required = {kind for programme in programmes for kind in programme.consents}
            if not required:
                continue
            subject = self._subject(person, programmes, guardians.get(person.person, ()))
            held = files.get(person.person)
            file = ConsentFile(person=person.person) if held is None else held.value
            asked = self._asked(subject, required, file, forms, person)
            lacking = tuple(each for each in asked if each.required and not each.standing.stands)
            if lacking:
                found.append(Missing(person=person, subject=subject, asked=lacking))
        return found

    # ------------------------------------------------------------------ inside

    @staticmethod
    def _offered(forms: Sequence[ConsentForm], kind: ConsentKind, day: date) -> list[ConsentForm]:
        """The text in force, in every language there is."""
        newest = current(forms, kind, day)
        if newest is None:
            return []
        return [form for form in forms if form.kind is kind and form.effective_from == newest.effective_from]

    def _day(self, zone: str) -> date:
        return day_of(self._clock.now(), zone_of(zone))


def to_sign(asked: Sequence[Asked], subject: Subject, signer: PersonId) -> list[Asked]:
    """Those that wait for this very signer."""
    part = part_of(subject, signer)
    return [
        each
        for each in asked
        if part is not None and part in needed(each.standing.kind, subject) and part in each.standing.lacking
    ]
