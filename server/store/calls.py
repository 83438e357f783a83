"""How the store is called: scripts by name, a bounded number of tries, and errors in our own words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from server.rooms.ports import CorruptLog, StoreUnavailable

PAUSES_S = (0.05, 0.15, 0.4)
"""Between tries when the connection fails: long enough for an embedded Valkey to come back from a kill."""

_LUA = Path(__file__).parent / "lua"


def script(client: Redis, name: str) -> AsyncScript:
    """The Lua script `lua/NAME.lua`, sent to the server once."""
    return client.register_script((_LUA / f"{name}.lua").read_text())


async def ask(call: Callable[[], Awaitable[Any]]) -> Any:
    """What `call` answers: bytes, never str. It must be harmless when done twice: a lost answer may follow a done deed.

    Raises StoreUnavailable (no answer in time, or the store cannot write) and CorruptLog (a key holds a thing of
    another kind).
    """
    give_up_at = monotonic() + sum(PAUSES_S)
    for pause_s in (*PAUSES_S, None):
        try:
            return await call()
        except (RedisTimeoutError, TimeoutError) as error:
            raise StoreUnavailable("the store did not answer in time") from error
        except (RedisConnectionError, OSError) as error:
            if pause_s is None or monotonic() >= give_up_at:  # a silent server is not asked again
                raise StoreUnavailable(f"the store cannot be reached: {error}") from error
            await asyncio.sleep(pause_s)
        except ResponseError as error:
            if "WRONGTYPE" in str(error):
                raise CorruptLog(f"a key of the store holds something else than it should: {error}") from error
            if "equal or smaller" in str(error):
                raise CorruptLog("the end of a log or of a chain of hours was removed from the store") from error
            raise StoreUnavailable(f"the store refuses: {error}") from error
        except RedisError as error:
            raise StoreUnavailable(str(error)) from error
    raise AssertionError("unreachable")
