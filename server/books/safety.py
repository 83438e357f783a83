"""The clinic's safety path: as shipped until it writes its own steps and questions; the screener stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from facilitation.ids import PromptId, StepId
from facilitation.safetypath import PROMPTS_MAX, STEPS_MAX, TEXT_MAX, Prompt, SafetyPath, Step, check_path
from server.clock import Clock
from server.rooms.ports import Stale
from server.store.ports import Store
from server.store.register import Shelf
from server.web.auth import Visitor
from server.web.words import Words

KIND = "safety-path"


class SafetyBook:
    """The port `SafetyPages` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, store: Store, *, shipped: SafetyPath, clock: Clock) -> None:
        self._shelf = Shelf(store.register, KIND, SafetyPath, id_of=lambda path: path.id)
        self._shipped = shipped
        self._clock = clock

    async def current(self) -> SafetyPath:
        """What the next session that opens goes by."""
        held = await self._shelf.get(self._shipped.id)
        return self._shipped if held is None else replace(held.value, screener=self._shipped.screener)

    async def page(self, words: Words, given: Mapping[str, str] | None) -> dict[str, Any]:
        """`given`: what was typed, where it could not be kept."""
        held = await self._shelf.get(self._shipped.id)
        path = await self.current()
        own = held is not None
        return {
            "revision": (given or {}).get("revision") or (held.revision if held else 0),
            "version": path.version,
            "own": own,
            "steps": given["steps"] if given else _lines(each.text if own else words(each.text) for each in path.steps),
            "prompts": given["prompts"]
            if given
            else _lines(each.text if own else words(each.text) for each in path.prompts),
            "screener": path.screener,
            "steps_max": STEPS_MAX,
            "prompts_max": PROMPTS_MAX,
            "text_max": TEXT_MAX,
        }

    async def keep(self, given: Mapping[str, str], *, by: Visitor) -> None:
        """One line is one step, or one question. Raises Refusal, Stale."""
        before = await self.current()
        revision = given.get("revision", "")
        if not revision.isdecimal() or len(revision) > 9:
            raise Stale(KIND, before.id)
        steps, prompts = _texts(given.get("steps", "")), _texts(given.get("prompts", ""))
        path = replace(
            before,
            version=f"own-{int(revision) + 1}",
            steps=tuple(
                Step(id=StepId(name), text=text)
                for name, text in _named(steps, {each.text: each.id for each in before.steps})
            ),
            prompts=tuple(
                Prompt(id=PromptId(name), text=text)
                for name, text in _named(prompts, {each.text: each.id for each in before.prompts})
            ),
        )
        check_path(path)
        await self._shelf.put(path, upon=int(revision), by=by.person, at=self._clock.now())


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _texts(given: str) -> list[str]:
    """Lines that say something, each once."""
    return list(dict.fromkeys(text for line in given.splitlines() if (text := " ".join(line.split()))))


def _named(texts: Iterable[str], known: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """What stays worded as it was keeps its name; what is new gets one that nothing had."""
    taken = set(known.values())
    fresh: Callable[[int], str] = "own-{}".format
    number = 1
    for text in texts:
        if text in known:
            yield known[text], text
            continue
        while fresh(number) in taken:
            number += 1
        taken.add(fresh(number))
        yield fresh(number), text
