"""The store on a real Redis or Valkey, on one machine with the server (unix socket) or elsewhere (URL)."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.store import audit, disclosures
from server.store.audit import ChronicleOfTraces
from server.store.calls import ask
from server.store.chronicle import ChronicleKeys, RedisChronicle
from server.store.clinic import RedisClinic
from server.store.diary import RedisDiaries
from server.store.disclosures import ChronicleOfDisclosures
from server.store.eventlog import RedisEventLog
from server.store.keys import Keys
from server.store.lease import LEASE_MS, RedisLeases
from server.store.ledger import RedisLedger
from server.store.notebook import RedisNotebook
from server.store.ports import Store
from server.store.register import RedisRegister
from server.store.signing import RedisSigning
from server.store.together import Together

CONNECTIONS_MAX = 50
ANSWER_WITHIN_S = 3.0
CONNECT_WITHIN_S = 1.0


async def connect(url: str, *, clinic: str = "demo", lease_ms: int = LEASE_MS) -> Store:
    """The store at `url` (redis://, rediss:// or unix://), which must answer. Raises StoreUnavailable, ValueError."""
    client = open_client(url)
    keys = Keys(clinic)
    together = Together(client)

    async def ping() -> None:
        await ask(client.ping)

    store = Store(
        log=RedisEventLog(client, keys, together),
        leases=RedisLeases(client, keys, lease_ms=lease_ms),
        ledger=RedisLedger(client, keys, together),
        clinic=RedisClinic(client, keys),
        disclosures=ChronicleOfDisclosures(
            RedisChronicle(client, disclosures.KIND, ChronicleKeys(keys.disclosures, keys.disclosed), clinic=clinic),
            keys,
        ),
        audit=ChronicleOfTraces(
            RedisChronicle(client, audit.KIND, ChronicleKeys(keys.audit, keys.audited), clinic=clinic), keys
        ),
        register=RedisRegister(client, keys),
        notebook=RedisNotebook(client, keys),
        diaries=RedisDiaries(client, keys),
        signing=RedisSigning(client, keys),
        keys=keys,
        client=client,
        ping=ping,
        close=client.aclose,
        url=url,
    )
    try:
        await ping()
    except BaseException:
        await client.aclose()
        raise
    return store


def open_client(url: str) -> Redis:
    """A client that never repeats a command by itself: what is repeated, and how often, is said in `calls.ask`.

    Not for blocking reads, which must wait longer than it does for an answer.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=ANSWER_WITHIN_S,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=CONNECT_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
