"""What a program does at the door before it arrives (PROTOCOL §12)."""

from __future__ import annotations

import json
from typing import Any

from tests.support.visitor import Visitor


async def sign(visitor: Visitor, ticket: dict[str, Any], name: str) -> None:
    """Sign all that the door asks this ticket's person for."""
    door, bearer = f"/s/{ticket['session']}/door", {"Authorization": f"Bearer {ticket['ticket']}"}
    answer = await visitor.send("GET", door, b"", bearer)
    assert answer.status == 200, answer.text
    for each in answer.json["consents"]:
        signed = {"kind": each["kind"], "fingerprint": each["fingerprint"], "name": name}
        answer = await visitor.send("POST", f"{door}/consents", json.dumps(signed).encode(), bearer)
        assert answer.status == 200, answer.text
