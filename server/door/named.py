"""Releases of the clinic's people: drawn up as one text, signed by whom the rules say, found when something leaves."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from facilitation import releases
from facilitation.consents import ConsentKind, Standing, Subject, current
from facilitation.disclosures import Purpose
from facilitation.errors import Refusal
from facilitation.facts import zone_of
from facilitation.ids import PersonId
from facilitation.releases import Release, Terms, What
from facilitation.sentences import marked
from facilitation.weeks import day_of
from server.clock import Clock
from server.door.consents import Consents
from server.rooms.ports import Stale
from server.store.clinic import Person
from server.store.ports import Store
from server.store.register import Shelf
from server.web.words import Words

TRIES: Final = 4
WHATS: Final = {
    What.HOURS: marked("when the meetings were and how long I was there, so also that they are about substance use"),
    What.NOTES: marked("the signed notes of my meetings, with what they say about substance use"),
    What.RECORD: marked(
        "the whole record of my meetings: times, hours, notes and figures, with what it says about substance use"
    ),
}


class NamedReleases:
    """Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, consents: Consents, discloser: str, clock: Clock) -> None:
        self._consents = consents
        self._discloser = discloser
        self._clock = clock
        self._shelf: Shelf[Release] = Shelf(store.register, "release", Release, id_of=lambda each: each.release)

    async def of(self, person: PersonId) -> list[Release]:
        """The newest first, without those that were put away."""
        mine = [held.value for held in (await self._shelf.all()).values() if held.value.person == person]
        return sorted((each for each in mine if not each.dropped), key=lambda each: each.drawn_at, reverse=True)

    async def receivers(self) -> list[str]:
        """Everybody who is named in one that might stand, each once: to choose from when something is to leave."""
        found = {each.value.receiver for each in (await self._shelf.all()).values() if not each.value.dropped}
        return sorted(found, key=str.casefold)

    async def subject(self, person: Person) -> Subject:
        return await self._consents.subject(person, await self._consents.programmes_of(person.person))

    async def standing(self, release: Release, person: Person) -> Standing:
        return releases.standing(release, await self.subject(person), self.day(person))

    def day(self, person: Person) -> date:
        return day_of(self._clock.now(), zone_of(person.zone))

    # ------------------------------------------------------------------ changing

    async def draw(self, person: Person, said: Terms, words: Words, *, by: PersonId) -> Release:
        """Raises Refusal."""
        form = current(await self._consents.forms(), ConsentKind.RELEASE, self.day(person), words.language)
        if form is None:
            raise Refusal(
                "bad_release", "The clinic has no text for this in force. Whoever writes the texts can add one."
            )
        releases.check_room(len(await self.of(person.person)))
        drawn = Release(
            release=f"rel-{secrets.token_hex(8)}",
            person=person.person,
            receiver=said.receiver,
            what=said.what,
            purpose=said.purpose,
            why=said.why,
            until=said.until,
            title=form.title,
            text="\n\n".join([*self._lines(person, said, words), form.text.strip()]),
            version=form.version,
            language=form.language,
            drawn_by=by,
            drawn_at=self._clock.now(),
        )
        await self._shelf.put(drawn, upon=0, by=by, at=self._clock.now())
        return drawn

    def _lines(self, person: Person, said: Terms, words: Words) -> list[str]:
        """What 42 CFR 2.31 wants named, before the clinic's own wording."""
        why = said.why or words("I ask for it.")
        return [
            words(
                "I am {name}. I let {discloser} give something of my record to somebody outside.",
                name=person.name,
                discloser=self._discloser,
            ),
            words("Who gets it: {receiver}", receiver=said.receiver),
            words("What: {what}", what=words(WHATS[said.what])),
            words("What for: {why}", why=why),
            words("Until: {day}", day=words.calendar(said.until)),
        ]

    async def sign(
        self, person: Person, release: str, *, fingerprint: str, signer: PersonId, name: str, on_paper: PersonId | None
    ) -> None:
        """Raises Refusal."""
        subject, day = await self.subject(person), self.day(person)

        def signed(there: Release) -> Release:
            if there.fingerprint != fingerprint:
                raise Refusal("stale_consent", "The text has changed meanwhile. Please read it once more, then sign.")
            return releases.sign(
                there, subject, signer=signer, name=name, at=self._clock.now(), day=day, on_paper=on_paper
            )

        await self._change(person.person, release, signed, by=on_paper or signer)

    async def revoke(self, person: Person, release: str, *, signer: PersonId, words: str) -> None:
        """Raises Refusal."""
        at, day = self._clock.now(), self.day(person)
        await self._change(
            person.person,
            release,
            lambda there: releases.revoke(there, signer=signer, at=at, day=day, words=words),
            by=signer,
        )

    async def drop(self, person: PersonId, release: str, *, by: PersonId) -> None:
        """Raises Refusal."""
        await self._change(person, release, releases.drop, by=by)

    async def _change(
        self, person: PersonId, release: str, change: Callable[[Release], Release], *, by: PersonId
    ) -> None:
        for _ in range(TRIES):
            held = await self._shelf.get(release)
            if held is None or held.value.person != person:
                raise Refusal("bad_release", "There is no such consent.")
            changed = change(held.value)
            if changed == held.value:
                return
            try:
                await self._shelf.put(changed, upon=held.revision, by=by, at=self._clock.now())
            except Stale:
                continue
            return
        raise Refusal("busy", "Somebody else is signing at this very moment. Please try again.")

    # ------------------------------------------------------------------ when something leaves

    async def fitting(
        self, person: Person, subject: Subject, *, receiver: str, what: What, purpose: Purpose
    ) -> Release | None:
        """One that stands today and names this receiver, for this and no other purpose."""
        mine: Iterable[Release] = await self.of(person.person)
        return releases.fitting(mine, subject, self.day(person), receiver=receiver, what=what, purpose=purpose)
