"""The language that each person chose, kept beside what is known of them: for their other browsers, and for letters."""

from __future__ import annotations

from facilitation.ids import PersonId
from facilitation.languages import Chosen
from server.clock import Clock
from server.rooms.ports import Stale
from server.store.register import Register, Shelf
from server.web.catalogues import ENGLISH, LANGUAGES
from server.web.words import Words, words_in


class ChosenLanguages:
    """The port `Languages` of the pages. Every method may raise StoreUnavailable."""

    def __init__(self, register: Register, *, clock: Clock) -> None:
        self._shelf = Shelf(register, "language", Chosen, id_of=lambda chosen: chosen.person, remembered=False)
        self._clock = clock

    async def of(self, person: PersonId) -> str:
        """ "" where they have chosen none."""
        held = await self._shelf.get(person)
        return "" if held is None else held.value.language

    async def words_for(self, person: PersonId) -> Words:
        """Those of their language; English where they have chosen none."""
        language = await self.of(person)
        return words_in(language if language in LANGUAGES else ENGLISH)

    async def choose(self, person: PersonId, language: str) -> None:
        held = await self._shelf.get(person)
        if held is not None and held.value.language == language:
            return
        chosen = Chosen(person=person, language=language)
        try:
            await self._shelf.put(chosen, upon=0 if held is None else held.revision, by=person, at=self._clock.now())
        except Stale:
            pass  # chosen in two browsers at once: either will do, and the foot of the page is near
