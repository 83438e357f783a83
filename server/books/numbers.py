"""Emergency dispatch numbers of where participants live: kept one by one or from a list, called again each year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from facilitation.errors import Refusal
from facilitation.helplist import HelpList, called_on, help_id, read
from facilitation.licences import STATES
from facilitation.places import SOURCE_MAX, LocalHelp, check_help
from facilitation.sentences import Sentence, marked
from facilitation.text import CALLBACK_MAX, NAME_MAX, TITLE_MAX
from server.books.rollfile import decode, parse
from server.clock import Clock
from server.door import shelves
from server.store.ports import Store
from server.store.register import put_all
from server.web.auth import Visitor
from server.web.words import Words, local

KEPT_MAX: Final = 2_000
SHOWN_MAX: Final = 200
PROBLEMS_SHOWN_MAX: Final = 50
AT_ONCE: Final = 400
FATES: Final = {"new": marked("New"), "changed": marked("Changed"), "same": marked("Here already")}


class NumberBook:
    """The port `NumberPages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._help = shelves.local_help(store.register)

    async def page(self, words: Words) -> dict[str, Any]:
        today = self._today()
        kept = [held.value for held in (await self._help.all()).values() if not held.value.removed]
        kept.sort(key=lambda each: (not each.is_stale(today), STATES.get(each.state, ""), each.area))
        return {
            "states": sorted(((code, words(name)) for code, name in STATES.items()), key=lambda each: each[1]),
            "name_max": NAME_MAX,
            "title_max": TITLE_MAX,
            "phone_max": CALLBACK_MAX,
            "source_max": SOURCE_MAX,
            "today": today.isoformat(),
            "stale": sum(each.is_stale(today) for each in kept),
            "rows": [_row(each, words, today) for each in kept],
        }

    # ------------------------------------------------------------------ one number

    async def keep(self, given: Mapping[str, str], *, by: Visitor) -> None:
        """The number of a place; the same place again replaces it. Raises Refusal, Stale."""
        area = " ".join(given.get("area", "").split())
        today = self._today()
        help = LocalHelp(
            help=help_id(given.get("state", ""), area),
            state=given.get("state", ""),
            area=area,
            dispatch=" ".join(given.get("dispatch", "").split()),
            note=" ".join(given.get("note", "").split()),
            source=" ".join(given.get("source", "").split()),
            checked=called_on(given.get("checked", "").strip()),
        )
        check_help(help, today)
        there = await self._help.all()
        if help.help not in there and len(there) >= KEPT_MAX:
            raise Refusal("too_many", Sentence("At most {n} numbers can be kept.", n=f"{KEPT_MAX:,}"))
        held = there.get(help.help)
        await self._help.put(help, upon=0 if held is None else held.revision, by=by.person, at=self._clock.now())

    async def called(self, id: str, *, by: Visitor) -> None:
        """Somebody has called it today, and it was right. Raises Refusal, Stale."""
        await self._change(id, by=by, checked=self._today())

    async def remove(self, id: str, *, by: Visitor) -> None:
        """Nobody is shown it any more. Raises Refusal, Stale."""
        await self._change(id, by=by, removed=True)

    async def _change(self, id: str, *, by: Visitor, **how: Any) -> None:
        held = await self._help.get(id)
        if held is None or held.value.removed:
            raise Refusal("unknown_number", "There is no such number any more.")
        await self._help.put(replace(held.value, **how), upon=held.revision, by=by.person, at=self._clock.now())

    # ------------------------------------------------------------------ a list of them

    async def look(self, source: str | bytes, words: Words) -> dict[str, Any]:
        """What a list would do: nothing is kept. Raises Refusal."""
        text, remark = decode(source) if isinstance(source, bytes) else (source, "")
        read_ = self._read(text)
        kept = {id: held.value for id, held in (await self._help.all()).items()}
        today = self._today()
        fates = [_fate(kept.get(each.help), each) for _, each in read_.found]
        rows = [
            {"number": number, "fate_text": words(FATES[fate])} | _row(each, words, today)
            for fate, (number, each) in zip(fates, read_.found, strict=True)
        ]
        return {
            "text": text,
            "remark": remark,
            "list": {
                "new": fates.count("new"),
                "changed": fates.count("changed"),
                "same": fates.count("same"),
                "wrong": len(read_.problems),
                "rows": rows[:SHOWN_MAX],
                "more_rows": len(rows[SHOWN_MAX:]),
                "problems": [
                    {"row": each.row, "text": words.of(each.text)} for each in read_.problems[:PROBLEMS_SHOWN_MAX]
                ],
                "more_problems": len(read_.problems[PROBLEMS_SHOWN_MAX:]),
                "missing": [words(column) for column in read_.missing],
                "passed_over": list(read_.passed_over),
            },
        }

    async def take_in(self, text: str, *, by: Visitor) -> int:
        """Keep what of the list is right; how many are new or changed. Raises Refusal, Stale."""
        read_ = self._read(text)
        held = await self._help.all()
        new = [
            each
            for _, each in read_.found
            if _fate(held[each.help].value if each.help in held else None, each) != "same"
        ]
        if len({*held, *(each.help for each in new)}) > KEPT_MAX:
            raise Refusal("too_many", Sentence("At most {n} numbers can be kept.", n=f"{KEPT_MAX:,}"))
        drafts = [self._help.draft(each, upon=held[each.help].revision if each.help in held else 0) for each in new]
        for begin in range(0, len(drafts), AT_ONCE):
            some = drafts[begin : begin + AT_ONCE]
            await put_all(self._store.register, some, by=by.person, at=self._clock.now())
        return len(new)

    def _read(self, text: str) -> HelpList:
        file = parse(text)
        return read(file.heading, file.rows, self._today())

    def _today(self) -> date:
        return local(self._clock.now(), "UTC").date()


def _fate(before: LocalHelp | None, after: LocalHelp) -> str:
    if before is None or before.removed:
        return "new"
    return "same" if before == after else "changed"


def _row(each: LocalHelp, words: Words, today: date) -> dict[str, Any]:
    state = words(STATES.get(each.state, each.state))
    return {
        "id": each.help,
        "place": f"{each.area}, {state}" if each.area else state,
        "dispatch": each.dispatch,
        "note": each.note,
        "source": each.source,
        "checked": "" if each.checked is None else words.calendar(each.checked),
        "stale": each.is_stale(today),
    }
