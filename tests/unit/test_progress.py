"""How far a session is, folded from its log."""

from __future__ import annotations

from collections.abc import AsyncIterator

from facilitation import commands as c
from server.progress import Progress, ProgressBook, fold
from server.store import memory
from server.store.ports import Linked
from tests.support.evening import FAY, Evening, usual

STARTS_AT = 1_795_561_200_000  # 2026-11-24, 6 PM in New York


def test_a_session_nobody_opened_is_scheduled() -> None:
    assert Progress().status == "scheduled"


def test_a_session_goes_from_open_over_running_and_ended_to_signed() -> None:
    evening = Evening(session="s-1", starts_at=STARTS_AT, people=2)
    seen = [fold(Progress(), evening.records).status]
    evening.at(0).come(FAY)
    evening.do(c.StartSession(), FAY)
    seen.append(fold(Progress(), evening.records).status)
    evening.at(200).do(c.EndSession(), FAY)
    seen.append(fold(Progress(), evening.records).status)
    for person in evening.people:
        evening.at(205).sign(person)
    seen.append(fold(Progress(), evening.records).status)
    assert seen == ["open", "running", "ended", "signed"]


def test_notes_are_owed_for_everybody_on_the_list_once_the_session_is_over() -> None:
    evening = usual(Evening(session="s-1", starts_at=STARTS_AT, people=8))
    assert fold(Progress(), evening.records).owing == frozenset(evening.people)
    evening.at(205).write(evening.people[0], "Took part.")
    evening.sign(evening.people[0])
    assert fold(Progress(), evening.records).owing == frozenset(evening.people[1:])


def test_nothing_is_owed_while_it_runs() -> None:
    evening = Evening(session="s-1", starts_at=STARTS_AT, people=2)
    evening.at(0).come(FAY)
    evening.do(c.StartSession(), FAY)
    assert fold(Progress(), evening.records).owing == frozenset()


def test_folding_in_pieces_gives_the_same_as_at_once() -> None:
    records = usual(Evening(session="s-1", starts_at=STARTS_AT, people=8)).records
    for cut in range(0, len(records), 7):
        assert fold(fold(Progress(), records[:cut]), records[cut:]) == fold(Progress(), records)


async def test_a_log_that_grew_is_read_from_where_it_was_left() -> None:
    evening = Evening(session="s-1", starts_at=STARTS_AT, people=2)
    store = memory.connect()
    epoch = await store.leases.acquire("s-1", node="n")
    await store.log.append("s-1", evening.records, epoch=epoch)
    read: list[int] = []

    class Counted:
        async def linked(self, session: str, *, after: int = 0) -> AsyncIterator[Linked]:
            async for linked in store.log.linked(session, after=after):
                read.append(linked.record.seq)
                yield linked

    book = ProgressBook(Counted())
    assert (await book.of("s-1")).status == "open"
    before = len(evening.records)
    evening.at(0).come(FAY)
    evening.do(c.StartSession(), FAY)
    await store.log.append("s-1", evening.records[before:], epoch=epoch)
    assert (await book.of("s-1")).status == "running"
    assert read == [record.seq for record in evening.records]
