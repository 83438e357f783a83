"""The experiments: each plays a scene against a server and says what was seen. No figure is made up here or later."""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.load.media.crowd import Crowd, Outcome
from tests.load.media.scene import Scene
from tests.load.media.subject import Subject, cpu_s, favour, main_thread_cpu_s, memory_kb

WARM_S, WARM_LAYERS_S = 1.2, 6.5
"""Long enough for a keyframe of every stream, and, where there are layers, until those stop that nobody watches."""
CALM_S = 4.5
"""Long enough for a server that was held to have found out that nothing has changed."""
REST_S = 1.0
"""After a server was overwhelmed, before anything else is asked of it."""
FULL_S, FLAT_S = 14.0, 6.0
"""Until every history is as full as it gets (512 packets of a picture); and how long memory must then stay as it is."""
CYCLES, VISIT_S = 80, 0.1
"""A room of twelve that comes and goes so often is a thousand comings and goings, and it stays for so long."""
FIRST_ROOMS, MANY_ROOMS = 4, 48
DELAY_MS_MAX = 50.0
"""A server whose 99th percentile is above this does not keep up, though nothing is lost yet."""
MISSING_MAX = 0.001
"""Share of packets that may be missing with many rooms; a single one is too many in the search for the highest rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One run and what it cost the server."""

    outcome: Outcome
    cpu_s: float
    main_thread_s: float = 0.0

    @property
    def cpu_us(self) -> float:
        """Processor time of the server per packet that arrived."""
        return self.cpu_s * 1e6 / self.outcome.arrived if self.outcome.arrived else float("inf")

    @property
    def core_share(self) -> float:
        return self.cpu_s / self.outcome.seconds

    @property
    def is_lossless(self) -> bool:
        return self.outcome.lossless and self.outcome.p99_ms <= DELAY_MS_MAX

    @property
    def is_good(self) -> bool:
        """What people would call working: hardly anything is missing, nothing is wrong, nothing comes late."""
        outcome = self.outcome
        return (
            outcome.expected > 0
            and not outcome.faults
            and outcome.missing <= outcome.expected * MISSING_MAX
            and outcome.p99_ms <= DELAY_MS_MAX
        )


async def play(subject: Subject, crowd: Crowd, seconds: float, *, rooms: int = 1, speed: float = 1.0) -> Seen:
    """One run, told to people on standard error."""
    before, main_before = cpu_s(subject.pid), main_thread_cpu_s(subject.pid)
    outcome = await asyncio.to_thread(crowd.run, seconds, rooms=rooms, speed=speed)
    main_s = main_thread_cpu_s(subject.pid) - main_before
    seen = Seen(outcome=outcome, cpu_s=cpu_s(subject.pid) - before, main_thread_s=main_s)
    remarks = [
        f"{count} {what}"
        for what, count in (
            ("missing", outcome.missing),
            ("twice", outcome.twice),
            ("misnumbered", outcome.broken),
            ("undecrypted", outcome.undecrypted),
            ("wrong", outcome.wrong),
            ("astray", outcome.stray),
            ("beyond what was wished", outcome.more),
            ("sent again unasked", outcome.resent),
            ("left late by the load client", outcome.late),
        )
        if count
    ]
    if not outcome.honest:
        remarks.append("THE LOAD CLIENT FELL BEHIND")
    if outcome.cpu_s > 0.95 * seconds:
        remarks.append("the load client was at its limit")
    where = f"{subject.name:14} {rooms:2} x {crowd.scene.people:2} people, pace x{speed:<5.3g}"
    shares = f"main thread {main_s / seconds:.0%}, load {outcome.cpu_s / seconds:.0%}"
    cost = f"{seen.cpu_us:6.1f} µs each, {seen.core_share:4.0%} of a core ({shares})"
    delay = f"{outcome.p50_ms:.2f}/{outcome.p99_ms:.2f} ms"
    words = "; ".join([f"  {where} {outcome.rate:9,.0f} packets/s {cost}", delay, *remarks])
    print(words, file=sys.stderr, flush=True)
    return seen


async def play_twice(subject: Subject, crowd: Crowd, seconds: float, *, rooms: int) -> Seen:
    """One run, and another one if it was not good: something else may have disturbed the first."""
    seen = await play(subject, crowd, seconds, rooms=rooms)
    if seen.is_good:
        return seen
    await asyncio.sleep(REST_S)
    return await play(subject, crowd, seconds, rooms=rooms)


async def seat(subject: Subject, scene: Scene, *, rooms: int = 1, rooms_max: int | None = None) -> Crowd:
    """`rooms` rooms full of people, warmed up."""
    crowd = Crowd(scene, rooms_max=rooms_max or rooms)
    await seat_more(subject, crowd, rooms)
    return crowd


async def seat_more(subject: Subject, crowd: Crowd, rooms: int) -> None:
    """Fill rooms until there are `rooms`, and let everything settle."""
    subject.on_layers = crowd.send_layers
    while crowd.rooms < rooms:
        crowd.add(await subject.fill(crowd.rooms, crowd.scene))
    favour(subject.pid)
    await asyncio.to_thread(crowd.run, WARM_LAYERS_S if crowd.scene.rids else WARM_S, rooms=rooms)


async def highest(holds: Callable[[float], Awaitable[bool]], start: float, *, step: float, finest: float) -> float:
    """The highest value for which `holds`, to within a factor of `finest`; 0 when it does not hold at `start`.

    Goes up by `step` until it fails, then halves what is between. A failure is tried once more: something else may
    have disturbed it.
    """

    async def is_so(value: float) -> bool:
        return await holds(value) or await holds(value)

    low, value = 0.0, start
    while await is_so(value):
        low, value = value, value * step
    high = value
    while low and high / low > finest:
        middle = (low * high) ** 0.5
        if await is_so(middle):
            low = middle
        else:
            high = middle
    return low


async def highest_rate(subject: Subject, crowd: Crowd, *, seconds: float = 1.5) -> float:
    """The highest rate (packets a second at the viewers of one room) at which not one packet is lost."""
    rates: dict[float, float] = {}

    async def holds(speed: float) -> bool:
        seen = await play(subject, crowd, seconds, speed=speed)
        rates[speed] = seen.outcome.rate
        if not seen.is_lossless:
            await asyncio.sleep(REST_S)
        return seen.is_lossless

    speed = await highest(holds, 2.0, step=1.6, finest=1.1)
    return rates[speed] if speed else 0.0


async def most_rooms(subject: Subject, crowd: Crowd, *, seconds: float = 2.0) -> int:
    """How many rooms at once work well: ever more, by a quarter from 8 on, by an eighth from 48 on, until they fail.

    From the first few on never fewer again, for rooms that wait in silence cost something as well.
    """
    good, rooms = 0, FIRST_ROOMS
    while rooms <= crowd.rooms_max:
        await seat_more(subject, crowd, rooms)
        if not (await play_twice(subject, crowd, seconds, rooms=rooms)).is_good:
            break
        good, rooms = rooms, rooms + max(1, rooms // (8 if rooms >= MANY_ROOMS else 4))
    for fewer in range(FIRST_ROOMS - 1, 0, -1):
        if not good and (await play_twice(subject, crowd, seconds, rooms=fewer)).is_good:
            good = fewer
    return good


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory of a server: `person_kb` for each person who is there, `minute_kb` how much more that becomes in a minute
    while nothing changes, `left_kb` what each one who came and left has left behind."""

    person_kb: float
    minute_kb: float
    left_kb: float


async def memory(subject: Subject, scene: Scene) -> Memory:
    """Three rooms beside one; the same rooms some seconds later; a room that comes and goes, again and again.

    What is made only once does not count: the first room, and the first half of the comings and goings, in which the C
    library's memory grows to what it takes.
    """

    async def after(rooms: int, seconds: float) -> int:
        await asyncio.to_thread(crowd.run, seconds, rooms=rooms)
        return memory_kb(subject.pid)

    crowd = Crowd(scene, rooms_max=3)
    await seat_more(subject, crowd, 1)
    one = await after(1, FULL_S)
    await seat_more(subject, crowd, 3)
    three = await after(3, FULL_S)
    later = await after(3, FLAT_S)
    crowd.close()
    await subject.empty()

    left = []
    for _ in range(CYCLES):
        crowd = Crowd(scene)
        crowd.add(await subject.fill(0, scene))
        await asyncio.to_thread(crowd.run, VISIT_S)
        crowd.close()
        await subject.empty()
        left.append(memory_kb(subject.pid))
    half = left[CYCLES // 2 :]
    some = len(half) // 4
    grown = statistics.median(half[-some:]) - statistics.median(half[:some])
    return Memory(
        person_kb=(three - one) / (2 * scene.people),
        minute_kb=(later - three) / (3 * scene.people) * 60 / FLAT_S,
        left_kb=grown / (len(half) - some) / scene.people,
    )
