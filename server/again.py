"""Work that is looked at again and again, for as long as this process runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from facilitation.errors import Refusal
from server.mail.ports import MailIsFull
from server.rooms.ports import CorruptLog, Stale, StoreUnavailable

log = structlog.get_logger(__name__)


async def again_and_again(look: Callable[[], Awaitable[object]], *, every_s: float, what: str) -> NoReturn:
    """Until cancelled. What goes wrong waits for the next look; a mistake of ours in one record ends none of them."""
    while True:
        try:
            await look()
        except (StoreUnavailable, CorruptLog, MailIsFull, Stale, Refusal) as error:
            log.warning(f"{what} wait", error=type(error).__name__)
        except Exception:
            log.exception(f"{what} met a mistake of ours")
        await asyncio.sleep(every_s)
