from __future__ import annotations

from server.sfu.rtp.history import AGE_MAX_US, ALLOWANCE_BYTES, BUDGET_SHARE, LOOK_EACH, PAUSE_MIN_US, SIZE, History
from server.sfu.rtp.packet import Outgoing


def packet(sequence: int, size: int = 100) -> Outgoing:
    return Outgoing(sequence & 0xFFFF, 0, False, b"", bytes(size), 0)


def test_what_was_sent_is_found_once_per_round_trip() -> None:
    history = History()
    history.sent(packet(5), 0)
    assert history.find(5, 1_000, 50_000) == packet(5)
    assert history.find(5, 50_999, 50_000) is None
    assert history.find(5, 51_000, 50_000) == packet(5)
    assert history.find(5, 51_000 + PAUSE_MIN_US - 1, 0) is None


def test_what_was_never_sent_overwritten_or_old_is_not_found() -> None:
    history = History()
    assert history.find(5, 0, 0) is None
    history.sent(packet(5), 0)
    history.sent(packet(5 + SIZE), 1)
    assert history.find(5, 2, 0) is None
    assert history.find(5 + SIZE, 1 + AGE_MAX_US + 1, 0) is None
    history.clear()
    assert history.find(5 + SIZE, 2, 0) is None


def test_what_was_sent_last_is_given_backwards_as_far_as_it_is_whole_and_new() -> None:
    history = History()
    for number in (1, 2, 4, 5, 6):
        history.sent(packet(number), number * 1_000)
    assert [sent.sequence for sent in history.newest(7_000)] == [6, 5, 4]
    assert [sent.sequence for sent in history.newest(5_000 + AGE_MAX_US)] == [6, 5]


def test_no_more_is_held_than_may_be_sent_again() -> None:
    history = History()
    for number in range(1_000):
        history.sent(packet(number), number * 25_000)
    assert len(history._ring) <= AGE_MAX_US // 25_000 + LOOK_EACH


def test_resending_stays_within_its_budget() -> None:
    history = History()
    sent = resent = 0
    for number in range(20_000):
        history.sent(packet(number, 1_000), number * 1_000)
        sent += 1_000
        if history.find(number & 0xFFFF, number * 1_000, 0) is not None:
            resent += 1_000
    assert sent * BUDGET_SHARE * 0.9 < resent <= sent * BUDGET_SHARE + ALLOWANCE_BYTES
