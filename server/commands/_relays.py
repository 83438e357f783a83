"""Whether a TURN server does what Milieu needs of it and nothing more: tried as a browser would, for `check`."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from aioice.stun import TransactionFailed
from aioice.turn import create_turn_endpoint

from facilitation.timebase import Instant
from server.relay import ice_servers

ANSWER_S: Final = 6.0
REFUSAL_S: Final = 1.5
"""A permission that is not refused for so long was given."""
INSIDE: Final = ("10.255.255.254", 9)
"""An address as clinics have them inside; nobody listens there."""
_URL: Final = re.compile(r"(turns?):(\[[0-9A-Fa-f:.]+\]|[^:?\[]+)(?::(\d+))?(?:\?transport=(udp|tcp))?")
_UNAUTHORIZED, _FORBIDDEN = 401, 403


class _End(asyncio.DatagramProtocol):
    """Our end of a relay: only what it refuses is of interest."""

    def __init__(self) -> None:
        self._refusals: asyncio.Queue[Exception] = asyncio.Queue()

    def error_received(self, exc: Exception) -> None:
        self._refusals.put_nowait(exc)

    async def refusal(self) -> Exception | None:
        try:
            return await asyncio.wait_for(self._refusals.get(), REFUSAL_S)
        except TimeoutError:
            return None


async def troubles(url: str, secret: str, *, media: Sequence[tuple[str, int]], now: Instant) -> AsyncIterator[str]:
    """What is wrong with this server, in words; `media` is where Milieu's browsers are told to send."""
    found = _URL.fullmatch(url)
    if found is None or (found[1] == "turns" and found[4] == "udp"):
        return  # not one that can be tried from here
    (name,) = ice_servers([url], secret, now=now)
    trusted: ssl.SSLContext | None = ssl.create_default_context() if found[1] == "turns" else None
    try:
        relay, end = await asyncio.wait_for(
            create_turn_endpoint(
                _End,
                (found[2].strip("[]"), int(found[3] or (5_349 if trusted else 3_478))),
                username=name["username"],
                password=name["credential"],
                ssl=trusted,
                transport=found[4] or ("tcp" if trusted else "udp"),
            ),
            ANSWER_S,
        )
    except TransactionFailed as refused:
        secret_differs = _code(refused) == _UNAUTHORIZED
        yield f"{url} refuses: {'its secret is another than MILIEU_TURN_SECRET' if secret_differs else refused}."
        return
    except TimeoutError:
        yield f"{url} does not answer."
        return
    except (OSError, ssl.SSLError) as error:
        yield f"{url} cannot be reached: {getattr(error, 'verify_message', None) or error.strerror or error}."
        return
    try:
        relay.sendto(b"", INSIDE)
        if await end.refusal() is None:
            yield (
                f"{url} carries to any address, {INSIDE[0]} for one: whoever was ever sent a link could reach what "
                "stands inside of the clinic. See the denied-peer-ip lines in server/README.md, For people at home."
            )
        for address in media:
            relay.sendto(b"", address)
            if _code(await end.refusal()) == _FORBIDDEN:
                yield f"{url} does not carry to {address[0]}: it needs allowed-peer-ip={address[0]}."
    finally:
        relay.close()
        await asyncio.sleep(0)  # It says so to the server.


def _code(error: Any) -> int:
    """STUN's error code, 0 for none."""
    attributes = error.response.attributes if isinstance(error, TransactionFailed) else {}
    return int(attributes.get("ERROR-CODE", (0, ""))[0])
