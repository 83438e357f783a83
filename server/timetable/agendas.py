"""Plans: agenda templates, made and changed in the browser. Every change is a new version."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from facilitation.agenda import PLANNED_MS_MAX, check_plan
from facilitation.errors import Refusal
from facilitation.ids import SegmentId
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.policy import Action
from facilitation.rules import TRACKS
from facilitation.sentences import Sentence
from facilitation.text import ANSWER_MAX, TITLE_MAX, body, line
from facilitation.timebase import MINUTE_MS
from server.timetable.given import Given, free_name, number_of
from server.timetable.groups import PART_KINDS
from server.timetable.office import Office, Page
from server.web.auth import Visitor
from server.web.words import Words

PARTS_MAX: Final = 32
MINUTES_MAX: Final = PLANNED_MS_MAX // MINUTE_MS
EMPTY_ROWS: Final = 2
FIELDS: Final = ("id", "kind", "title", "minutes", "card", "place")


class Agendas:
    def __init__(self, office: Office) -> None:
        self._office = office

    async def everything(self, *, reader: Visitor) -> Page:
        words = self._office.words
        schedule = await self._office.book.load()
        used: dict[str, int] = {}
        for series in schedule.series.values():
            used[series.plan_id] = used.get(series.plan_id, 0) + 1
        return {
            "plans": [
                {
                    "title": words.of(plan.title),
                    "track": plan.track,
                    "version": plan.version,
                    "parts": [
                        {
                            "title": words.of(part.title),
                            "minutes": part.planned_ms // MINUTE_MS,
                            "kind": part.kind.value,
                        }
                        for part in plan.segments
                    ],
                    **_totals(words, plan.segments),
                    "used": used.get(id, 0),
                    "url": f"/schedule/plans/{id}{reader.choice}",
                    "copy_url": f"/schedule/plans/new{_join(reader.choice)}like={id}",
                }
                for id, plan in self._office.plans(schedule).items()
            ],
            "may_plan": reader.may(Action.PLAN_SCHEDULE),
        }

    async def form(self, id: str | None, given: Given | None, *, reader: Visitor, like: str = "") -> Page | None:
        """`like`: the plan that a new one begins as a copy of."""
        words = self._office.words
        schedule = await self._office.book.load()
        before = self._office.plan(schedule, id or like)
        if id is not None and before is None:
            return None
        if given is None:
            given = Given(_fields(before) if before else {})
            if id is None and before is not None:
                given = Given(_fields(before) | {"title": [words("{title} (copy)", title=before.title)]})
        rows = _rows(given)
        return {
            "id": id or "",
            "revision": given.raw("revision") or (schedule.revisions.get(("plan", id), 0) if id else 0),
            "version": before.version if before and id else "",
            "given": given,
            "rows": [*rows, *_empty(len(rows), EMPTY_ROWS)],
            "kinds": [(kind.value, words(title)) for kind, title in PART_KINDS.items()],
            "uncounted": [SegmentKind.BREAK.value],
            "minutes_max": MINUTES_MAX,
            "card_max": ANSWER_MAX,
            "totals": _totals_of(words, rows),
            "used": sum(series.plan_id == id for series in schedule.series.values()) if id else 0,
            "back": f"/schedule/plans{reader.choice}",
        }

    async def keep(self, id: str | None, given: Given, *, by: Visitor) -> Given | str:
        """The rows in their new order, where the button only asks for that; else the address. Raises Refusal, Stale."""
        if given.raw("do") != "keep":
            return _arranged(given)
        book = self._office.book
        schedule = await book.load()
        title = given.text("title", "the plan’s name", TITLE_MAX)
        upon = given.upon if id else 0
        plan = SessionPlan(
            id=id or free_name(title, self._office.plans(schedule)),
            version=str(upon + 1),
            title=title,
            track=given.one_of("track", "for whom it is", TRACKS),
            segments=_segments(given),
        )
        check_plan(plan)
        await book.put([book.shelves.plans.draft(plan, upon=upon)], by=by.person)
        return "/schedule/plans"


def _rows(given: Given) -> list[dict[str, str]]:
    """The rows as typed, those without anything in them left out, in the order of their places."""
    columns = [given.many(f"part_{name}") for name in FIELDS]
    rows = [dict(zip(FIELDS, row, strict=True)) for row in zip(*columns, strict=False)]
    written = [row for row in rows if row["title"].strip() or row["minutes"].strip() or row["card"].strip()]
    order = {id(row): _place(row["place"], n) for n, row in enumerate(written, 1)}
    return sorted(written, key=lambda row: order[id(row)])


def _place(text: str, otherwise: int) -> tuple[float, int]:
    """Where a row goes: to the number it bears, before the row that was there."""
    wanted = int(text) if re.fullmatch(r"[0-9]{1,3}", text.strip()) else otherwise
    return (wanted, 1) if wanted == otherwise else (wanted - 0.5 if wanted < otherwise else wanted + 0.5, 0)


def _arranged(given: Given) -> Given:
    """The form again with what its buttons did: a part one up, one down, or taken out."""
    rows = _rows(given)
    match given.raw("do").split("-"):
        case ["up", number] if number.isdecimal() and 0 < int(number) < len(rows):
            at = int(number)
            rows[at - 1], rows[at] = rows[at], rows[at - 1]
        case ["down", number] if number.isdecimal() and int(number) + 1 < len(rows):
            at = int(number)
            rows[at + 1], rows[at] = rows[at], rows[at + 1]
        case ["out", number] if number.isdecimal() and int(number) < len(rows):
            del rows[int(number)]
        case _:
            pass
    fields = {name: [given.raw(name)] for name in ("title", "track", "revision")}
    columns = {f"part_{name}": [row[name] for row in rows] for name in FIELDS if name != "place"}
    return Given(fields | columns | {"part_place": [str(n) for n in range(1, len(rows) + 1)]})


def _segments(given: Given) -> tuple[Segment, ...]:
    rows = _rows(given)
    if not rows:
        raise Refusal("bad_session", "A plan needs at least one part. Give the first one a name and its minutes.")
    taken: set[str] = set()
    return tuple(_segment(row, taken) for row in rows)


def _segment(row: Mapping[str, str], taken: set[str]) -> Segment:
    """`taken`: ids of the parts before it; a part keeps its id through all versions, so that hours find its name."""
    title = line(row["title"], "the name of each part", TITLE_MAX)
    if row["kind"] not in set(SegmentKind):
        raise Refusal("bad_choice", Sentence("Please choose what kind of part “{title}” is.", title=title))
    minutes = number_of(row["minutes"], Sentence("the minutes of “{title}”", title=title), 1, MINUTES_MAX)
    if minutes is None:
        raise Refusal("bad_number", Sentence("Please write how many minutes “{title}” takes.", title=title))
    wanted = row["id"] if re.fullmatch(r"[a-z0-9-]{1,40}", row["id"]) else row["kind"].replace("_", "-")
    id = next(name for n in range(1, PARTS_MAX + 2) if (name := wanted if n == 1 else f"{wanted}-{n}") not in taken)
    taken.add(id)
    return Segment(
        id=SegmentId(id),
        kind=SegmentKind(row["kind"]),
        title=title,
        planned_ms=minutes * MINUTE_MS,
        card=body(
            row["card"].replace("\r\n", "\n").strip(), Sentence("the card of “{title}”", title=title), ANSWER_MAX
        ),
    )


def _totals(words: Words, segments: Sequence[Segment]) -> dict[str, str]:
    clock = sum(part.planned_ms for part in segments) // MINUTE_MS
    net = sum(part.planned_ms for part in segments if part.kind is not SegmentKind.BREAK) // MINUTE_MS
    return {"clock": words.minutes(clock), "net": words.minutes(net)}


def _totals_of(words: Words, rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """As far as the minutes are numbers."""
    lengths = [(row["kind"], int(row["minutes"])) for row in rows if re.fullmatch(r"\d{1,4}", row["minutes"].strip())]
    clock = sum(length for _, length in lengths)
    net = sum(length for kind, length in lengths if kind != SegmentKind.BREAK)
    return {"clock": words.minutes(clock), "net": words.minutes(net)}


def _fields(plan: SessionPlan) -> dict[str, list[str]]:
    return {
        "title": [plan.title],
        "track": [plan.track],
        "part_id": [part.id for part in plan.segments],
        "part_kind": [part.kind.value for part in plan.segments],
        "part_title": [part.title for part in plan.segments],
        "part_minutes": [str(part.planned_ms // MINUTE_MS) for part in plan.segments],
        "part_card": [part.card for part in plan.segments],
        "part_place": [str(n) for n in range(1, len(plan.segments) + 1)],
    }


def _empty(there: int, count: int) -> list[dict[str, Any]]:
    return [
        {"id": "", "kind": SegmentKind.PROCESS.value, "title": "", "minutes": "", "card": "", "place": str(n)}
        for n in range(there + 1, min(PARTS_MAX, there + count) + 1)
    ]


def _join(choice: str) -> str:
    return f"{choice}&" if choice else "?"
