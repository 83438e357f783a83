"""What forwarding costs, side by side with Janus under the same load.

    python -m tests.load.media                  all figures, one JSON object a line
    python -m tests.load.media --only cpu,rate  some of them: cpu, rate, rooms, memory, join, strangers
    python -m tests.load.media --core python    one core of Milieu's alone (the other: native)
    python -m tests.load.media plot             cost against people and rooms, drawn into server/sfu/pictures

Twelve people send sound (50 packets a second of 100 bytes) and 20 pictures a second (of two packets of 1000 bytes, one
straight after the other, as Chromium sends them), with the header extensions of a browser, under AES-128-GCM, and
receive everybody else's: 11,880 packets a second leave the server. The server runs in a process of its own on one core,
which is kept awake; the load client has another one. Servers take turns, round after round, and rounds are
compared with themselves. What was seen goes to standard error as it comes, the figures to standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from functools import partial

from tests.load.media import apart
from tests.load.media.crowd import Crowd
from tests.load.media.experiments import CALM_S, CYCLES, Seen, highest_rate, memory, most_rooms, play, seat
from tests.load.media.figures import Figure, percentile, ratio_of_rounds, short
from tests.load.media.floor import floor_us, python_floor_us
from tests.load.media.janus import Janus, JanusRefused, version
from tests.load.media.milieu import Milieu, NoSuchCore
from tests.load.media.plot import plot
from tests.load.media.scene import everybody, group
from tests.load.media.seats import agree_on_one_cipher
from tests.load.media.strangers import RATE, costs
from tests.load.media.subject import Subject, alone, awake, be_ordinary, running, settle

PEOPLE = 12
PARTS = ("cpu", "rate", "rooms", "memory", "join", "strangers")
ROUNDS, ROUND_S = 3, 4.0
ROOMS_MAX = 104
JOINS = 20
FLOOD_S = 1.5


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def tell(figure: str, value: float, unit: str, better: str, against: str, n: int) -> None:
    print(Figure(figure=figure, value=value, unit=unit, better=better, against=against, n=n).line(), flush=True)


async def makers(cores: Sequence[str]) -> dict[str, Callable[[], Subject]]:
    """How to make each server that can be had here; says in words which cannot."""
    found: dict[str, Callable[[], Subject]] = {}
    for core in cores:
        try:
            async with running(partial(Milieu, core)) as subject:
                found[subject.name] = partial(Milieu, core)
        except NoSuchCore as missing:
            say(f"Left out: {missing}.")
    if version() is None:
        say("Left out: Janus is not installed. On Debian, as root: apt-get install --no-install-recommends janus")
    elif not apart.is_apart():
        say("Left out: Janus needs a network of its own here (unshare and ip, as root or with user namespaces).")
    else:
        try:
            async with running(Janus):
                found["janus"] = Janus
        except JanusRefused as refused:
            say(f"Left out: {refused}")
    return found


async def measure_cpu(make: dict[str, Callable[[], Subject]]) -> None:
    """Processor time and delay at the usual pace, beside Janus and beside the floor."""
    scene = everybody(PEOPLE)
    if "janus" in make:
        # As it comes Janus has a thread for each connection; with one for all it is cheaper. Both are told.
        make = {**make, "janus-1-loop": partial(Janus, event_loops=1)}
    runs: dict[str, list[Seen]] = defaultdict(list)
    floors: list[float] = []
    python_floors: list[float] = []
    async with AsyncExitStack() as stack:
        subjects = [await stack.enter_async_context(running(each)) for each in make.values()]
        crowds = [await seat(subject, scene) for subject in subjects]
        pids = [subject.pid for subject in subjects]
        for number in range(ROUNDS):
            say(f"Round {number + 1} of {ROUNDS}")
            for subject, crowd in zip(subjects, crowds, strict=True):
                with alone(subject.pid, pids):
                    await asyncio.to_thread(crowd.run, CALM_S)  # It was held while the others were measured.
                    runs[subject.name].append(await play(subject, crowd, ROUND_S))
            with alone(0, pids):
                floors.append(await asyncio.to_thread(floor_us, PEOPLE, ROUND_S / 2))
                python_floors.append(await asyncio.to_thread(python_floor_us, PEOPLE, ROUND_S / 2))
            words = f"encrypt and send alone: {floors[-1]:.1f} µs each, from Python {python_floors[-1]:.1f} µs"
            say(f"  {'floor':14} {words}")
        for crowd in crowds:
            crowd.close()

    cost = {name: [seen.cpu_us for seen in seens] for name, seens in runs.items()}
    delay = {name: [seen.outcome.p99_ms for seen in seens] for name, seens in runs.items()}
    for name, seens in runs.items():
        sound = [seen for seen in seens if seen.is_good]
        if len(sound) < len(seens):
            say(f"{name}: {len(seens) - len(sound)} of {len(seens)} rounds lost packets or delivered wrong ones.")
        if any(seen.outcome.faults for seen in seens):
            raise SystemExit(f"No figures: what {name} delivered was not what was sent.")
    n = {name: sum(seen.outcome.arrived for seen in seens) for name, seens in runs.items()}
    floor = f"encrypt and send alone: {statistics.median(floors):.1f} µs"
    for name in cost:
        plain = name.replace("-", "_")
        tell(f"media.cpu_us_{plain}", statistics.median(cost[name]), "µs", "lower", floor, n[name])
        tell(f"media.p99_ms_{plain}", statistics.median(delay[name]), "ms", "lower", "", n[name])
    if "janus" in cost:
        # What no server that encrypts and sends packet by packet can go below on this machine.
        janus = f"Janus {version()} as it comes: {statistics.median(cost['janus']):.1f} µs"
        tell("media.floor_vs_janus", ratio_of_rounds(floors, cost["janus"]), "ratio", "lower", janus, n["janus"])
        least = ratio_of_rounds(python_floors, cost["janus"])
        tell("media.python_floor_vs_janus", least, "ratio", "lower", janus, n["janus"])
    for name in [name for name in cost if name.startswith("milieu-")]:
        core = short(name)
        tell(f"media.cpu_{core}_vs_floor", ratio_of_rounds(cost[name], floors), "ratio", "lower", floor, n[name])
        if "janus" not in cost:
            continue
        janus = f"Janus {version()} as it comes: {statistics.median(cost['janus']):.1f} µs"
        tell(f"media.cpu_{core}_vs_janus", ratio_of_rounds(cost[name], cost["janus"]), "ratio", "lower", janus, n[name])
        best = f"Janus with one event loop: {statistics.median(cost['janus-1-loop']):.1f} µs"
        against_best = ratio_of_rounds(cost[name], cost["janus-1-loop"])
        tell(f"media.cpu_{core}_vs_tuned_janus", against_best, "ratio", "lower", best, n[name])
        waits = f"Janus as it comes: {statistics.median(delay['janus']):.2f} ms"
        tell(
            f"media.p99_{core}_vs_janus", ratio_of_rounds(delay[name], delay["janus"]), "ratio", "lower", waits, n[name]
        )


async def measure_rate(make: dict[str, Callable[[], Subject]]) -> None:
    """The highest rate without loss, everybody's pace being raised together."""
    rates: dict[str, float] = {}
    for name, each in make.items():
        async with running(each) as subject:
            crowd = await seat(subject, everybody(PEOPLE))
            rates[name] = await highest_rate(subject, crowd)
            crowd.close()
    for name, rate in rates.items():
        plain = name.replace("-", "_")
        tell(f"media.rate_{plain}", rate, "packets/s", "higher", "one core, none lost", PEOPLE)
        if "janus" in rates and name != "janus":
            against = f"Janus as it comes: {rates['janus']:,.0f} packets/s"
            value = rate / rates["janus"] if rates["janus"] else float("inf")
            tell(f"media.rate_{short(name)}_vs_janus", value, "ratio", "higher", against, PEOPLE)


async def measure_rooms(make: dict[str, Callable[[], Subject]]) -> None:
    """How many groups of twelve one core carries; Milieu with its layers, Janus as it comes and with layers as well."""
    scenes = {name: group(PEOPLE, layers=name != "janus") for name in make}
    if "janus" in make:
        make = {**make, "janus-layers": Janus}
        scenes["janus-layers"] = group(PEOPLE, layers=True)
    rooms: dict[str, int] = {}
    for name, each in make.items():
        async with running(each) as subject:
            crowd = Crowd(scenes[name], rooms_max=ROOMS_MAX)
            rooms[name] = await most_rooms(subject, crowd)
            crowd.close()
    for name, count in rooms.items():
        tell(f"media.rooms_per_core_{name.replace('-', '_')}", count, "rooms", "higher", "", count * PEOPLE)
    best = "milieu-native" if "milieu-native" in rooms else "milieu-python"
    for name, words in (("janus", "one size for all tiles"), ("janus-layers", "with layers")):
        if rooms.get(name) and best in rooms:
            against = f"Janus, {words}: {rooms[name]} rooms; Milieu's {short(best)} core: {rooms[best]}"
            figure = f"media.rooms_per_core_vs_{name.replace('-', '_')}"
            tell(figure, rooms[best] / rooms[name], "ratio", "higher", against, rooms[best])


async def measure_memory(make: dict[str, Callable[[], Subject]]) -> None:
    """Memory per person, and what those who left have left behind."""
    found = {}
    for name, each in make.items():
        async with running(each) as subject:
            found[name] = await memory(subject, everybody(PEOPLE))
    janus = f"Janus: {found['janus'].person_kb:.0f} KB" if "janus" in found else ""
    for name, each_found in found.items():
        plain = name.replace("-", "_")
        tell(f"media.memory_per_peer_{plain}", each_found.person_kb, "KB", "lower", janus, PEOPLE)
        tell(f"media.memory_growth_{plain}", each_found.minute_kb, "KB a minute", "lower", "nothing", 3 * PEOPLE)
        tell(f"media.memory_left_{plain}", each_found.left_kb, "KB a join", "lower", "nothing", CYCLES * PEOPLE)


async def measure_join(make: dict[str, Callable[[], Subject]]) -> None:
    """How long a newcomer in Chromium waits for the first picture of everybody."""
    if shutil.which("chromium-headless-shell") is None:
        say("Left out: Chromium is not installed.")
        return
    from tests.load.media.join import waits_at_janus, waits_at_milieu

    be_ordinary()  # Browsers run on all cores, in turn with everybody.
    waits: dict[str, list[float]] = {}
    for name, each in make.items():
        async with running(each) as subject:
            if isinstance(subject, Janus):
                waits[name] = await waits_at_janus(subject, PEOPLE, JOINS)
            elif isinstance(subject, Milieu):
                waits[name] = await waits_at_milieu(subject, PEOPLE, JOINS)
        say(f"  {name:14} " + " ".join(f"{wait:.0f}" for wait in waits[name]) + " ms")
    janus = f"the same page at Janus: {percentile(waits['janus'], 0.95):.0f} ms" if "janus" in waits else ""
    for name, found in waits.items():
        tell(f"media.join_to_picture_ms_{name.replace('-', '_')}", percentile(found, 0.95), "ms", "lower", janus, JOINS)
    best = next(name for name in ("milieu-native", "milieu-python") if name in waits)
    tell("media.join_to_picture_ms", percentile(waits[best], 0.95), "ms", "lower", janus, JOINS)


async def measure_strangers(make: dict[str, Callable[[], Subject]]) -> None:
    """What a flood of each kind costs and does, beside one room of Milieu's."""
    if not apart.is_apart():
        say("Left out: floods need a network of their own (unshare and ip, as root or with user namespaces).")
        return
    for name, each in make.items():
        async with running(each) as subject:
            if not isinstance(subject, Milieu):
                continue
            crowd = await seat(subject, everybody(PEOPLE))
            peaceful, found = await costs(subject, crowd, FLOOD_S)
            crowd.close()
        forwarded_us = statistics.median(seen.cpu_us for seen in peaceful)
        for cost in found:
            where = "in a member's name" if cost.flood.is_known else "from anywhere"
            ratio = f"{cost.cpu_us:5.2f} µs each, {cost.cpu_us / forwarded_us:.2f} of a forwarded packet"
            room = f"{cost.seen.outcome.missing} missing, p99 {cost.seen.outcome.p99_ms:.2f} ms"
            say(f"  {name:14} {cost.flood.name:28} {where:18} {ratio}; {cost.packets:,} came; {room}")
        n = sum(cost.packets for cost in found)
        core, floods = short(name), f"{len(found)} floods of {RATE:,} packets/s"
        dearest = max(found, key=lambda cost: cost.cpu_us)
        forwarded = f"a forwarded packet: {forwarded_us:.1f} µs; the dearest: {dearest.flood.name}"
        tell(f"media.stranger_vs_forwarded_{core}", dearest.cpu_us / forwarded_us, "ratio", "lower", forwarded, n)
        middle = statistics.median(cost.cpu_us for cost in found) / forwarded_us
        tell(f"media.stranger_median_vs_forwarded_{core}", middle, "ratio", "lower", floods, n)
        lost = sum(cost.seen.outcome.missing + cost.seen.outcome.faults for cost in found)
        tell(f"media.strangers_lost_{core}", lost, "packets", "lower", floods, n)
        delay = statistics.median(cost.seen.outcome.p99_ms for cost in found)
        waits = statistics.median(seen.outcome.p99_ms for seen in peaceful)
        tell(f"media.strangers_p99_{core}", delay / waits, "ratio", "lower", f"in peace: {waits:.2f} ms", n)


async def draw(cores: Sequence[str]) -> None:
    make = await makers(cores)
    if not make:
        raise SystemExit("No server to measure.")
    with awake():
        await plot(make, f"Janus {version()} as it comes" if "janus" in make else "Janus was not there")


async def measure(parts: Sequence[str], cores: Sequence[str]) -> None:
    make = await makers(cores)
    if not make:
        raise SystemExit("No server to measure.")
    steps = {
        "cpu": measure_cpu,
        "rate": measure_rate,
        "rooms": measure_rooms,
        "memory": measure_memory,
        "join": measure_join,
        "strangers": measure_strangers,
    }
    failed = []
    for part in parts:
        say(f"── {part} ──")
        began = time.monotonic()
        try:
            with awake() if part != "join" else nullcontext():
                await steps[part](make)
        except Exception as error:  # The other parts are worth having all the same.
            failed.append(part)
            say("".join(traceback.format_exception(error)))
        say(f"   {part} took {time.monotonic() - began:.0f} s")
    if failed:
        raise SystemExit(f"Not measured: {', '.join(failed)}.")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.load.media", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("measure", "plot"), default="measure")
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {', '.join(PARTS)}, with commas")
    parser.add_argument("--core", default="native,python", help="native, python, or both with a comma")
    options = parser.parse_args()
    parts, cores = options.only.split(","), options.core.split(",")
    if unknown := [part for part in parts if part not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}")
    apart.go()
    agree_on_one_cipher()
    settle()
    asyncio.run(draw(cores) if options.what == "plot" else measure(parts, cores))


if __name__ == "__main__":
    main()
