"""An evening by programs alone, over the protocol: arrive, admit, run, crash, end, sign; then the pages tell it."""

from __future__ import annotations

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any, Self

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.support.door import sign
from tests.support.process import Milieu, milieu

pytestmark = pytest.mark.timeout(180)

FAY, ROBIN, SAM = "Dr. Fay Facilitator", "Robin Example", "Sam Sample"
TOUR = 1
"""The demo's second group, whose plan is short."""

_numbers = itertools.count(1)


class Program:
    """Somebody who takes part by ticket. The latest view is in `view`."""

    def __init__(self, server: Milieu, name: str) -> None:
        self.server = server
        self.name = name
        self.ticket: dict[str, Any] = {}
        self.view: dict[str, Any] = {}
        self.answers: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self.changed = asyncio.Event()
        self.socket: ClientConnection | None = None
        self.reader: asyncio.Task[None] | None = None

    async def take_seat(self, *, mode: str = "room") -> Self:
        link = self.server.link(self.name, group=TOUR).rpartition("/")[2]
        answer = await self.server.visitor().send("POST", "/api/ticket", json.dumps({"link": link}).encode())
        self.ticket = ticket = answer.json
        self.view = {}
        self.socket = await connect(ticket["socket"], proxy=None, ping_interval=None, max_size=None)
        await self._say(type="hello", protocol=1, device=self.name, mode=mode, ticket=ticket["ticket"])
        self.reader = asyncio.create_task(self._read())
        await self.until(lambda view: bool(view))
        return self

    async def leave_seat(self) -> None:
        assert self.socket is not None and self.reader is not None
        await self.socket.close()
        await self.reader

    async def ask(self, type: str, **fields: Any) -> None:
        """Have a command accepted."""
        command_id = f"k-{next(_numbers)}"
        answer = self.answers[command_id] = asyncio.get_running_loop().create_future()
        await self._say(type=type, command_id=command_id, **fields)
        async with asyncio.timeout(20):
            told = await answer
        assert told["type"] == "accepted", told

    async def prove(self, pin: str) -> None:
        """Choose a signing PIN, and so show who signs."""
        body = json.dumps({"pin": pin, "choose": True, "code": self.server.code(self.name)}).encode()
        headers = {"Authorization": f"Bearer {self.ticket['ticket']}"}
        answer = await self.server.visitor().send("POST", f"/s/{self.ticket['session']}/proof", body, headers)
        assert answer.status == 200, answer.text

    async def until(self, holds: Any) -> dict[str, Any]:
        """The first view of which something holds."""
        async with asyncio.timeout(30):
            while not (self.view and holds(self.view)):
                self.changed.clear()
                await self.changed.wait()
        return self.view

    async def _say(self, **message: Any) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps(message))

    async def _read(self) -> None:
        assert self.socket is not None
        async for text in self.socket:
            message = json.loads(text)
            match message["type"]:
                case "ping":
                    await self._say(type="pong", now=message["now"])
                case "view":
                    self.view = message
                    self.changed.set()
                case "accepted" | "refused":
                    self.answers.pop(message["command_id"]).set_result(message)


async def test_an_evening_with_a_crash_ends_in_signed_notes_and_hours_that_the_pages_tell(tmp_path: Path) -> None:
    async with milieu(tmp_path / "data") as server:
        everybody = fay, robin, sam = [await Program(server, name).take_seat() for name in (FAY, ROBIN, SAM)]
        for participant in (robin, sam):
            await sign(server.visitor(), participant.ticket, participant.name)
            await participant.ask(
                "arrive",
                name=participant.name,
                location="1 Example Street",
                callback="555-0100",
                private_space=True,
                agreement=True,
            )
        await fay.until(lambda view: [each["place"] for each in view["staff"]["people"]].count("waiting") == 2)
        await fay.ask("admit_all")
        await fay.ask("start_session")
        await robin.until(lambda view: view["room"]["phase"] == "running" and view["you"]["place"] == "room")
        assert {each["name"] for each in robin.view["room"]["people"]} == {FAY, ROBIN, SAM}

        server.kill()
        await server.ended()
        for program in everybody:
            assert program.reader is not None
            await asyncio.wait([program.reader])
        await server.start()
        for program in everybody:
            await program.take_seat()
            assert program.view["you"]["place"] == "room"
            assert program.view["room"]["phase"] == "running"

        while (position := fay.view["room"]["agenda"]["position"]) != "wrap-up":
            await fay.ask("advance", from_segment=position)
            await fay.until(lambda view, was=position: view["room"]["agenda"]["position"] != was)
        await fay.ask("end_session")
        await fay.leave_seat()

        await fay.take_seat(mode="record")
        people = [each["person"] for each in fay.view["record"]["people"]]
        assert fay.view["record"]["head_count"] == 2
        await fay.ask("edit_note", subject="group", text="We breathed slowly.", revision=0)
        sections = [section["id"] for section in fay.view["record"]["format"]["sections"]]
        seen = dict.fromkeys(sections, 1)
        await fay.prove("sieben Berge")
        for person in people:
            for section in sections:
                await fay.ask("edit_section", person=person, section=section, text="Listened.", revision=0)
            await fay.ask("sign_note", person=person, group_revision=1, person_revision=0, sections=seen)
        await fay.until(lambda view: view["record"]["status"] == "signed")

        staff = server.visitor()
        await staff.get(server.link(FAY, group=TOUR))
        home = (await staff.get("/home")).text
        assert "Short tour" in home
        participant = server.visitor()
        await participant.get(server.link(ROBIN, group=TOUR))
        async with asyncio.timeout(20):
            while "Short tour" not in (await participant.get("/statement")).text:  # noqa: ASYNC110  as a person would
                await asyncio.sleep(0.1)
        statement = (await participant.get("/statement")).text
        assert "Dr. Fay Facilitator" in statement
        assert "Exact minutes, breaks excluded (version 2026-01)" in statement
        assert (await participant.get("/statement/p-sam")).status == 403
        for program in everybody[1:]:
            await program.leave_seat()
        await fay.leave_seat()

        # The session is over: the next start makes a new one, and the old one stays with its record.
        over = server.link(FAY, group=TOUR)
        await server.stop()
        await server.start()
        assert server.link(FAY, group=TOUR).rpartition("/")[2][:40] != over.rpartition("/")[2][:40]
        landed = await staff.get(over)
        assert (await staff.get(landed.headers["location"] + "/record")).status == 200
