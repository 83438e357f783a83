"""The clinic's safety path: its own words once it writes some, each version kept, nobody's words overwritten unseen."""

from __future__ import annotations

import pytest

from facilitation.errors import Refusal
from facilitation.people import Role
from facilitation.timebase import Instant
from server.books.safety import SafetyBook
from server.catalog import load_catalog
from server.clock import FakeClock
from server.rooms.ports import Stale
from server.store import memory
from server.web.auth import Visitor
from server.web.catalogues import ENGLISH
from server.web.words import words_in
from tests.support.evening import SUE

SHIPPED = load_catalog().safety
WORDS = words_in(ENGLISH)
ME = Visitor(person=SUE, role=Role.SUPERVISOR, name="Sue Example", teen=False, number=1)


@pytest.fixture
def path() -> SafetyBook:
    return SafetyBook(memory.connect(), shipped=SHIPPED, clock=FakeClock(Instant(1_795_000_000_000)))


def typed(page: dict[str, object], **changes: str) -> dict[str, str]:
    return {name: str(page[name]) for name in ("revision", "steps", "prompts")} | changes


async def test_until_the_clinic_writes_its_own_the_shipped_one_holds(path: SafetyBook) -> None:
    assert await path.current() == SHIPPED
    page = await path.page(WORDS, None)
    assert (page["revision"], page["own"]) == (0, False)
    assert str(page["steps"]).splitlines() == [step.text for step in SHIPPED.steps]


async def test_steps_that_stay_keep_their_names_and_new_ones_get_their_own(path: SafetyBook) -> None:
    first, second, *_ = SHIPPED.steps
    page = await path.page(WORDS, None)
    await path.keep(typed(page, steps=f"{second.text}\n\n  Call   Dr. Example. \n{first.text}\n{first.text}"), by=ME)
    kept = await path.current()
    assert [(step.id, step.text) for step in kept.steps] == [
        (second.id, second.text),
        ("own-1", "Call Dr. Example."),
        (first.id, first.text),
    ]
    assert (kept.version, kept.screener, kept.prompts) == ("own-1", SHIPPED.screener, SHIPPED.prompts)
    await path.keep(typed(await path.page(WORDS, None), steps="Call Dr. Example.\nBreathe."), by=ME)
    assert [step.id for step in (await path.current()).steps] == ["own-1", "own-2"]


async def test_of_two_who_write_the_second_is_told(path: SafetyBook) -> None:
    page = await path.page(WORDS, None)
    await path.keep(typed(page, steps="One."), by=ME)
    with pytest.raises(Stale):
        await path.keep(typed(page, steps="Two."), by=ME)
    assert [step.text for step in (await path.current()).steps] == ["One."]


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": "\n".join(f"Step {n}" for n in range(21))},
        {"prompts": "\n".join(f"Question {n}" for n in range(13))},
        {"steps": "x" * 201},
        {"steps": "null\x00byte"},
    ],
)
async def test_what_cannot_be_kept_is_refused_and_given_back(path: SafetyBook, changes: dict[str, str]) -> None:
    given = typed(await path.page(WORDS, None), **changes)
    with pytest.raises(Refusal):
        await path.keep(given, by=ME)
    assert (await path.page(WORDS, given))["steps"] == given["steps"]
    assert await path.current() == SHIPPED


@pytest.mark.parametrize("revision", ["", "-1", "x", "9" * 10, "1.0"])
async def test_a_revision_that_is_none_changes_nothing(path: SafetyBook, revision: str) -> None:
    with pytest.raises(Stale):
        await path.keep(typed(await path.page(WORDS, None), revision=revision), by=ME)
