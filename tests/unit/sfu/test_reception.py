from __future__ import annotations

from server.sfu.rtp.reception import Reception
from server.sfu.rtp.rtcp import SenderReport


def test_before_the_first_packet_there_is_nothing_to_report() -> None:
    assert Reception(90_000).block(1, 0) is None


def test_loss_is_counted_since_the_last_report() -> None:
    reception = Reception(90_000)
    for number in (0, 1, 3):
        reception.arrived(number, number * 1_800, number * 20_000)
    first = reception.block(1, 0)
    assert first is not None
    assert (first.fraction_lost, first.packets_lost, first.highest) == (64, 1, 3)
    for number in (4, 5):
        reception.arrived(number, number * 1_800, number * 20_000)
    second = reception.block(1, 0)
    assert second is not None
    assert (second.fraction_lost, second.packets_lost) == (0, 1)


def test_steady_packets_have_no_jitter_and_uneven_ones_do() -> None:
    steady, uneven = Reception(48_000), Reception(48_000)
    for number in range(200):
        steady.arrived(number, number * 960, number * 20_000)
        uneven.arrived(number, number * 960, number * 20_000 + (number % 2) * 10_000)
    for reception, low, high in ((steady, 0, 0), (uneven, 400, 500)):
        block = reception.block(1, 0)
        assert block is not None
        assert low <= block.jitter <= high


def test_a_report_ties_the_round_trip() -> None:
    reception = Reception(90_000)
    reception.arrived(1, 0, 0)
    reception.reported(SenderReport(ssrc=1, ntp=0x0123_4567_89AB_CDEF, timestamp=0, packets=0, octets=0), 1_000_000)
    block = reception.block(1, 1_500_000)
    assert block is not None
    assert block.last_report == 0x4567_89AB
    assert block.delay == 32_768
