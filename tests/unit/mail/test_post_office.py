from __future__ import annotations

import asyncio
import email
import email.policy
from pathlib import Path

import pytest

from facilitation.timebase import HOUR_MS, MINUTE_MS
from server.clock import FakeClock
from server.mail import post_office
from server.mail.letter import MEETING, Letter
from server.mail.outbox import Outbox
from server.mail.ports import MailIsFull, NotNow, Refused
from server.mail.post_office import PostOffice


def letter(key: str = "a", to: str = "robin@example.org") -> Letter:
    return Letter(key=key, to=to, subject=MEETING, text=f"Hello, this is {key}.\n")


class Rider:
    """A carrier that does what it is told for an address, and notes what it delivered."""

    def __init__(self, **trouble: Exception) -> None:
        self.trouble = trouble
        self.delivered: list[str] = []

    async def deliver(self, letter: Letter) -> None:
        if (trouble := self.trouble.get(letter.key)) is not None:
            raise trouble
        self.delivered.append(letter.key)


def files(folder: Path) -> int:
    return len(list(folder.glob("*.json")))


async def test_a_letter_is_on_disk_before_it_is_taken_and_gone_once_it_is_delivered(
    tmp_path: Path, clock: FakeClock
) -> None:
    rider = Rider()
    office = PostOffice(tmp_path, rider, clock=clock)
    await office.send(letter())
    assert files(tmp_path / "waiting") == 1 and rider.delivered == []
    await office.deliver_due()
    assert files(tmp_path / "waiting") == 0 and rider.delivered == ["a"]


async def test_a_letter_that_waits_outlives_the_process(tmp_path: Path, clock: FakeClock) -> None:
    await PostOffice(tmp_path, Rider(), clock=clock).send(letter())
    rider = Rider()
    office = PostOffice(tmp_path, rider, clock=clock)
    assert office.open() == 1
    await office.deliver_due()
    assert rider.delivered == ["a"]


async def test_one_letters_trouble_is_its_own_and_pauses_grow(tmp_path: Path, clock: FakeClock) -> None:
    rider = Rider(a=NotNow("busy"), b=RuntimeError("a mistake"))
    office = PostOffice(tmp_path, rider, clock=clock)
    for key in "abc":
        await office.send(letter(key))
    await office.deliver_due()
    assert rider.delivered == ["c"] and files(tmp_path / "waiting") == 2
    rider.trouble = {}
    await office.deliver_due()
    assert rider.delivered == ["c"], "not before a pause"
    clock.advance(minutes=1)
    await office.deliver_due()
    assert sorted(rider.delivered) == ["a", "b", "c"]


async def test_what_is_refused_for_good_is_set_aside(tmp_path: Path, clock: FakeClock) -> None:
    office = PostOffice(tmp_path, Rider(a=Refused("550")), clock=clock)
    await office.send(letter())
    await office.deliver_due()
    assert (files(tmp_path / "waiting"), files(tmp_path / "undelivered"), office.undelivered()) == (0, 1, 1)


async def test_after_three_days_a_letter_is_given_up_and_not_before(tmp_path: Path, clock: FakeClock) -> None:
    office = PostOffice(tmp_path, Rider(a=NotNow("down")), clock=clock)
    await office.send(letter())
    tried_ms = 0
    while files(tmp_path / "waiting"):
        await office.deliver_due()
        clock.advance(ms=MINUTE_MS * 15)
        tried_ms += MINUTE_MS * 15
    assert 72 * HOUR_MS <= tried_ms < 74 * HOUR_MS
    assert office.undelivered() == 1


async def test_the_same_key_is_the_same_letter_while_it_waits(tmp_path: Path, clock: FakeClock) -> None:
    rider = Rider()
    office = PostOffice(tmp_path, rider, clock=clock)
    await asyncio.gather(*(office.send(letter()) for _ in range(5)))
    await office.deliver_due()
    assert rider.delivered == ["a"]


async def test_beyond_the_bound_no_letter_is_taken(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post_office, "WAITING_MAX", 2)
    office = PostOffice(tmp_path, Rider(), clock=clock)
    await office.send(letter("a"))
    await office.send(letter("b"))
    with pytest.raises(MailIsFull):
        await office.send(letter("c"))
    assert files(tmp_path / "waiting") == 2


async def test_a_folder_that_cannot_be_written_to_takes_no_letter(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")
    office = PostOffice(tmp_path / "mail", Rider(), clock=clock)
    with pytest.raises(MailIsFull):
        await office.send(letter())


async def test_rubbish_among_the_letters_is_set_aside_and_the_others_go_on(tmp_path: Path, clock: FakeClock) -> None:
    await PostOffice(tmp_path, Rider(), clock=clock).send(letter())
    for name, data in {"0.json": b"\xff\xfe", "1.json": b'{"letter": 1}', "2.json": b""}.items():
        (tmp_path / "waiting" / name).write_bytes(data)
    rider = Rider()
    office = PostOffice(tmp_path, rider, clock=clock)
    assert office.open() == 1
    await office.deliver_due()
    assert rider.delivered == ["a"] and len(list((tmp_path / "waiting").glob("*.unreadable"))) == 3


async def test_running_delivers_by_itself_into_an_outbox_that_people_can_read(tmp_path: Path, clock: FakeClock) -> None:
    office = PostOffice(tmp_path / "mail", Outbox(tmp_path / "outbox", clock=clock), clock=clock)
    running = asyncio.create_task(office.run())
    try:
        await office.send(letter("invitation-7"))
        await office.settled()
    finally:
        running.cancel()
    [path] = (tmp_path / "outbox").glob("*.eml")
    assert path.name == "2025-10-09-085320-invitation-7.eml"
    assert path.stat().st_mode & 0o077 == 0
    assert "Hello, this is invitation-7." in path.read_text()
    assert email.message_from_bytes(path.read_bytes(), policy=email.policy.default)["Subject"] == MEETING
