"""Python's garbage collector, kept from making everybody wait while people are in a room.

Left alone it walks every object of every room now and then: a tenth of a second and more with a hundred rooms, in
which no word and no packet is handled. Nearly all of them live long and hang in no cycle, so they are set aside (an
instant's work) and only what is new is walked. Cycles that died after they were set aside wait for a quiet house.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import Final

YOUNG_MAX: Final = 2_000
"""New objects that make the collector look at them: some tenths of a millisecond."""
SET_ASIDE_EVERY_S: Final = 10.0
QUIET_EVERY: Final = 90
"""A quiet house is swept after so many rounds (15 minutes), ..."""
BUSY_EVERY: Final = 2_160
"""... one that is never quiet after so many (6 hours)."""


def settle() -> None:
    """What is here now stays: sweep once, and set it aside."""
    gc.set_threshold(YOUNG_MAX)
    gc.collect()
    gc.freeze()


async def keep_aside(busy: Callable[[], bool], *, every_s: float = SET_ASIDE_EVERY_S) -> None:
    """Set aside what has come to stay, round after round; sweep all of it when nobody would notice (not `busy`)."""
    since_sweep = 0
    while True:
        await asyncio.sleep(every_s)
        since_sweep += 1
        if since_sweep >= (BUSY_EVERY if busy() else QUIET_EVERY):
            gc.unfreeze()
            gc.collect()
            since_sweep = 0
        gc.freeze()
