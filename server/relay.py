"""Keys to a clinic's TURN server (coturn), for browsers whose networks let no UDP through.

Each is good for some hours and says nothing about its holder: `expiry:random` as user name, and as password what only
somebody with the shared secret can compute. Source: draft-uberti-behave-turn-rest-00 §2.2, coturn's use-auth-secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any, Final

from facilitation.timebase import HOUR_MS, Instant

VALID_MS: Final = 6 * HOUR_MS
"""Longer than any session; each new connection gets new ones anyway."""


def ice_servers(urls: Sequence[str], secret: str | None, *, now: Instant) -> list[dict[str, Any]]:
    """What a browser is told of TURN, as RTCPeerConnection takes it; nothing where no server is set."""
    if not urls or secret is None:
        return []
    name = f"{(now + VALID_MS) // 1_000}:{secrets.token_hex(8)}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return [{"urls": list(urls), "username": name, "credential": base64.b64encode(digest).decode()}]
