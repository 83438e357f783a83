"""Reads an iCalendar file by ical.js, as Thunderbird does: a reader that shares nothing with what wrote it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from server.setup.bootstrap import node_tool
from tests.support.source import ROOT


async def read(file: bytes) -> dict[str, Any]:
    """`events`, each with its instants in seconds, and what the file says of itself."""
    program = [*map(str, node_tool("node")), str(ROOT / "tests/support/read_calendar.cjs")]
    pipe = asyncio.subprocess.PIPE
    node = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe, stderr=pipe)
    out, trouble = await node.communicate(file)
    assert node.returncode == 0, trouble.decode()
    told: dict[str, Any] = json.loads(out)
    return told
