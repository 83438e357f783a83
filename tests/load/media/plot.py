"""Cost against people and against rooms: two SVG files and a table in `server/sfu/README.md`, all from one run."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.load.media.crowd import Crowd
from tests.load.media.experiments import Seen, play, play_twice, seat, seat_more
from tests.load.media.scene import everybody, group
from tests.load.media.subject import Subject, running

SFU = Path(__file__).resolve().parents[3] / "server" / "sfu"
BEGIN, END = "<!-- cost: written by `python -m tests.load.media plot` -->", "<!-- cost: end -->"
PEOPLE = (4, 6, 8, 10, 12, 14, 16)
ROOMS = (1, 2, 3, 4, 6, 8, 10, 12)
SECONDS = 2.0
ROOM_PEOPLE = 12

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 132, 28, 44
# Blue, green and orange that people with any colour vision can tell apart; each line bears its name as well.
COLOURS = {"milieu-native": "#0072b2", "milieu-python": "#009e73", "janus": "#d55e00"}
NAMES = {"milieu-native": "Milieu, native", "milieu-python": "Milieu, Python", "janus": "Janus"}
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #444 }
.title { font-weight: 600; fill: #222 }
.grid { stroke: #ddd }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round }
@media (prefers-color-scheme: dark) { text { fill: #bbb } .title { fill: #eee } .grid { stroke: #444 } }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One server's line: (x, y) in the units of the axes, by x."""

    name: str
    points: tuple[tuple[float, float], ...]


async def cost_by_people(make: Mapping[str, Callable[[], Subject]]) -> dict[str, dict[int, Seen]]:
    """One room of ever more people who all send everything to everybody."""
    found: dict[str, dict[int, Seen]] = {}
    for name, each in make.items():
        found[name] = {}
        for people in PEOPLE:
            async with running(each) as subject:
                crowd = await seat(subject, everybody(people))
                found[name][people] = await play(subject, crowd, SECONDS)
                crowd.close()
    return found


async def cost_by_rooms(make: Mapping[str, Callable[[], Subject]]) -> dict[str, dict[int, Seen]]:
    """Ever more groups of twelve, until a server can carry no more."""
    found: dict[str, dict[int, Seen]] = {}
    for name, each in make.items():
        found[name] = {}
        async with running(each) as subject:
            crowd = Crowd(group(ROOM_PEOPLE, layers=name != "janus"), rooms_max=max(ROOMS))
            for rooms in ROOMS:
                await seat_more(subject, crowd, rooms)
                seen = await play_twice(subject, crowd, SECONDS, rooms=rooms)
                if not seen.is_good:
                    break
                found[name][rooms] = seen
            crowd.close()
    return found


def series(found: Mapping[str, Mapping[int, Seen]]) -> list[Series]:
    """Share of a core in percent, by people or rooms."""
    return [
        Series(name=name, points=tuple((x, 100 * seen.core_share) for x, seen in sorted(by_x.items())))
        for name, by_x in found.items()
        if by_x
    ]


def nice_step(highest: float) -> float:
    """A round distance of grid lines of which about five reach `highest`."""
    raw = highest / 5
    power = 10 ** math.floor(math.log10(raw))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)


def draw(title: str, x_label: str, lines: Sequence[Series]) -> str:
    """A chart as SVG: percent of a core upwards, each line named at its end. Raises ValueError without a point."""
    points = [point for line in lines for point in line.points]
    if not points:
        raise ValueError("nothing to draw")
    xs = sorted({x for x, _ in points})
    step = nice_step(max(y for _, y in points))
    top = step * math.ceil(max(y for _, y in points) / step)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - xs[0]) / (xs[-1] - xs[0]) if len(xs) > 1 else 0.5
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="16">{title}</text>',
    ]
    for number in range(round(top / step) + 1):
        _, y = at(xs[0], number * step)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{number * step:g} %</text>')
    for x in xs:
        parts.append(f'<text x="{at(x, 0)[0]:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:g}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{x_label}</text>')
    labels: list[float] = []
    for line in sorted(lines, key=lambda line: -line.points[-1][1]):
        colour = COLOURS.get(line.name, "#888888")
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in line.points))
        parts.append(f'<polyline class="line" stroke="{colour}" points="{path}"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in (at(*p) for p in line.points)
        ]
        end_x, end_y = at(*line.points[-1])
        while any(abs(end_y - other) < 15 for other in labels):
            end_y += 15
        labels.append(end_y)
        name = NAMES.get(line.name, line.name)
        parts.append(f'<text x="{end_x + 9:.1f}" y="{end_y + 4:.1f}" style="fill:{colour}">{name}</text>')
    return "\n".join([*parts, "</svg>", ""])


def table(head: str, found: Mapping[str, Mapping[int, Seen]], numbers: Sequence[int]) -> list[str]:
    """Markdown: µs per packet and share of a core, a row for each number of people or rooms."""
    names = list(found)
    rows = [
        "| " + " | ".join([head, *(NAMES.get(name, name) for name in names)]) + " |",
        "|" + "---|" * (len(names) + 1),
    ]
    for number in numbers:
        cells = []
        for name in names:
            seen = found[name].get(number)
            cells.append(f"{seen.cpu_us:.1f} µs, {seen.core_share:.0%}" if seen is not None else "–")
        if any(cell != "–" for cell in cells):
            rows.append("| " + " | ".join([str(number), *cells]) + " |")
    return rows


def machine() -> str:
    """Processor, cores and kernel of this machine, in a line."""
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.+)", info)
    cores = os.cpu_count() or 1
    return (
        f"{model[1] if model else platform.machine()}, {cores} virtual cores, Linux {platform.release().split('-')[0]}"
    )


def written(readme: str, part: str) -> str:
    """The README with `part` between its marks. Raises ValueError where they are missing."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the README has no place for it")
    return f"{before}{BEGIN}\n{part}\n{END}{after}"


async def plot(make: Mapping[str, Callable[[], Subject]], versions: str) -> None:
    """Measure, draw, and write it all down."""
    people, rooms = await cost_by_people(make), await cost_by_rooms(make)
    pictures = SFU / "pictures"
    pictures.mkdir(exist_ok=True)
    (pictures / "cost-people.svg").write_text(
        draw("One room, all send and see everything", "people in the room", series(people))
    )
    (pictures / "cost-rooms.svg").write_text(
        draw(f"Groups of {ROOM_PEOPLE}: one speaks, eleven small tiles", "rooms at once", series(rooms))
    )
    part = "\n".join(
        [
            "",
            "![Share of a core against people in one room](pictures/cost-people.svg)",
            "![Share of a core against rooms of twelve](pictures/cost-rooms.svg)",
            "",
            "Processor time per packet that arrived at a viewer, and share of one core; – where a server lost more",
            "than one packet in a thousand, or was 50 ms late with more than one in a hundred.",
            "",
            *table("people, one room", people, PEOPLE),
            "",
            *table("rooms of twelve", rooms, ROOMS),
            "",
            f"Measured on {machine()}; {versions}.",
            "",
        ]
    )
    readme = SFU / "README.md"
    readme.write_text(written(readme.read_text(), part))
