"""The card of a clinic that is only beginning: which first steps are done, and which is next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from server.home.meetings import participants
from server.home.visit import Visit
from server.web.words import marked

WORDS: Final = {
    "group": marked("A group: its program, its days, who leads it"),
    "people": marked("Its people, from a list that you have"),
    "invitations": marked("Their invitations"),
    "session": marked("The first meeting"),
}


class FirstSteps(Protocol):
    """Raises StoreUnavailable, CorruptLog."""

    async def done(self) -> Mapping[str, bool]:
        """Which of WORDS are done."""
        ...


class Start:
    """The card `start`. Raises StoreUnavailable, CorruptLog."""

    def __init__(self, first_steps: FirstSteps) -> None:
        self._first_steps = first_steps

    async def __call__(self, visit: Visit) -> dict[str, Any] | None:
        """None once a meeting with somebody on its list is planned or was held: then the clinic has begun."""
        if any(participants(each) for each in visit.near):
            return None
        done = await self._first_steps.done()
        return {
            "steps": [{"text": visit.words(text), "done": done[step]} for step, text in WORDS.items()],
            "url": f"/start{visit.me.choice}",
        }
