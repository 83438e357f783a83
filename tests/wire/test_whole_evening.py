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

FRIDA, ONA, PIP = "Frida Facilitator", "Ona Example", "Pip Sample"
"""Of the demo's second group, whose plan is short."""

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
        link = self.server.link(self.name).rpartition("/")[2]
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
        async with asyncio.timeout(60):
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
        async with asyncio.timeout(60):
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
        everybody = frida, ona, pip = [await Program(server, name).take_seat() for name in (FRIDA, ONA, PIP)]
        for participant in (ona, pip):
            await sign(server.visitor(), participant.ticket, participant.name)
            await participant.ask(
                "arrive",
                name=participant.name,
                location="1 Example Street",
                callback="555-0100",
                private_space=True,
                agreement=True,
            )
        await frida.until(lambda view: [each["place"] for each in view["staff"]["people"]].count("waiting") == 2)
        await frida.ask("admit_all")
        await frida.ask("start_session")
        await ona.until(lambda view: view["room"]["phase"] == "running" and view["you"]["place"] == "room")
        assert {each["name"] for each in ona.view["room"]["people"]} == {FRIDA, ONA, PIP}

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

        while (position := frida.view["room"]["agenda"]["position"]) != "wrap-up":
            await frida.ask("advance", from_segment=position)
            await frida.until(lambda view, was=position: view["room"]["agenda"]["position"] != was)
        await frida.ask("end_session")
        await frida.leave_seat()

        await frida.take_seat(mode="record")
        people = [each["person"] for each in frida.view["record"]["people"]]
        assert frida.view["record"]["head_count"] == 2
        await frida.ask("edit_note", subject="group", text="We breathed slowly.", revision=0)
        sections = [section["id"] for section in frida.view["record"]["format"]["sections"]]
        seen = dict.fromkeys(sections, 1)
        await frida.prove("sieben Berge")
        for person in people:
            for section in sections:
                await frida.ask("edit_section", person=person, section=section, text="Listened.", revision=0)
            await frida.ask("sign_note", person=person, group_revision=1, person_revision=0, sections=seen)
        await frida.until(lambda view: view["record"]["status"] == "signed")

        staff = server.visitor()
        await staff.get(server.link(FRIDA))
        home = (await staff.get("/home")).text
        assert "Short tour" in home
        participant = server.visitor()
        await participant.get(server.link(ONA))
        async with asyncio.timeout(60):
            while "Short tour" not in (await participant.get("/statement")).text:  # noqa: ASYNC110  as a person would
                await asyncio.sleep(0.1)
        statement = (await participant.get("/statement")).text
        assert FRIDA in statement
        assert "Exact minutes, breaks excluded (version 2026-01)" in statement
        assert (await participant.get("/statement/p-pip")).status == 403
        for program in everybody[1:]:
            await program.leave_seat()
        await frida.leave_seat()

        # The session is over: the next start makes a new one, and the old one stays with its record.
        over = server.link(FRIDA)
        await server.stop()
        await server.start()
        assert server.link(FRIDA).rpartition("/")[2][:40] != over.rpartition("/")[2][:40]
        landed = await staff.get(over)
        assert (await staff.get(landed.headers["location"] + "/record")).status == 200
