"""A small clinic with two sessions that may begin now: for tests of pages, and of who may open them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from facilitation.ids import PersonId, SessionId
from facilitation.people import Expected, Role
from server.clock import FakeClock
from server.store.clinic import Person, ScheduledSession
from server.web.site import CLINIC
from tests.support.application import ADA, Application
from tests.support.visitor import Visitor

EVENING, MORNING = SessionId("s-evening"), SessionId("s-morning")
FAY, ROBIN, SAM = PersonId("p-fay"), PersonId("p-robin"), PersonId("p-sam")
ZONE = "America/New_York"


def expected(person: PersonId, name: str, role: Role = Role.PARTICIPANT) -> Expected:
    return Expected(person=person, role=role, name=name)


LISTS = {
    EVENING: (
        expected(FAY, "Dr. Fay Facilitator", Role.FACILITATOR),
        expected(ROBIN, "Robin Example"),
        expected(SAM, "Sam Sample"),
    ),
    MORNING: (expected(FAY, "Dr. Fay Facilitator", Role.FACILITATOR), expected(ROBIN, "Robin Example")),
}


class Place(Application):
    """Robin is in both sessions, Sam in the evening only; Fay leads both, and may come in by a link."""

    clock: FakeClock

    def __init__(self, clock: FakeClock | None = None, **site: Any) -> None:
        super().__init__(clock=clock or FakeClock(), **site)
        self.sessions = {session: self._scheduled(session, list) for session, list in LISTS.items()}

    def _scheduled(self, session: SessionId, roster: tuple[Expected, ...]) -> ScheduledSession:
        return ScheduledSession(
            session=session,
            clinic=CLINIC,
            title="Evening group",
            zone=ZONE,
            starts_at=self.clock.now(),
            plan_id="adult",
            rules_id="exact-floor",
            roster=roster,
        )

    async def fill(self) -> None:
        for session in self.sessions.values():
            await self.store.clinic.put_session(session)
        for each in LISTS[EVENING]:
            await self.add(each.person, each.name, each.role)
        await self.add(ADA, "Ada Administrator", Role.ADMINISTRATOR)

    async def add(self, person: PersonId, name: str, role: Role) -> None:
        await self.store.clinic.put_person(Person(person=person, name=name, role=role, track="adult", zone=ZONE))

    async def expect(self, session: SessionId, *roster: Expected) -> None:
        """Change a session's list."""
        self.sessions[session] = replace(self.sessions[session], roster=roster)
        await self.store.clinic.put_session(self.sessions[session])

    def link(self, person: PersonId, role: Role | None = None, *, session: SessionId = EVENING, hours: int = 24) -> str:
        return self.path(self.seat(person, self.sessions[session], role=role, hours=hours))

    async def identity(
        self,
        browser: Visitor | None,
        session: SessionId = EVENING,
        *,
        origin: str | None = None,
        query: str = "",
        ticket: str | None = None,
    ) -> str | int:
        """Who the websocket takes one for, or the code it closes with."""
        headers = {"Cookie": browser.cookie} if browser else {}
        here = browser.base_url if browser else self.url
        address = f"{here.replace('http', 'ws')}/s/{session}/socket{query}"
        async with connect(address, origin=origin, additional_headers=headers, proxy=None) as socket:
            hello = {"type": "hello", "protocol": 1, "device": "a-test", "mode": "room", "ticket": ticket}
            await socket.send(json.dumps(hello))
            try:
                welcome = json.loads(await socket.recv())
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                return closed.rcvd.code
        return f"{welcome['person']} {welcome['role']}"
