from __future__ import annotations

from server.sfu.rtp.reception import Arrived, Reports
from server.sfu.rtp.rtcp import SenderReport


def test_before_the_first_packet_there_is_nothing_to_report() -> None:
    assert Arrived(90_000).figures() is None
    assert Reports().block(1, None, 0) is None


def test_loss_is_counted_since_the_last_report() -> None:
    arrived, reports = Arrived(90_000), Reports()
    for number in (0, 1, 3):
        arrived.arrived(number, number * 1_800, number * 20_000)
    first = reports.block(1, arrived.figures(), 0)
    assert first is not None
    assert (first.fraction_lost, first.packets_lost, first.highest) == (64, 1, 3)
    for number in (4, 5):
        arrived.arrived(number, number * 1_800, number * 20_000)
    second = reports.block(1, arrived.figures(), 0)
    assert second is not None
    assert (second.fraction_lost, second.packets_lost) == (0, 1)


def test_steady_packets_have_no_jitter_and_uneven_ones_do() -> None:
    steady, uneven = Arrived(48_000), Arrived(48_000)
    for number in range(200):
        steady.arrived(number, number * 960, number * 20_000)
        uneven.arrived(number, number * 960, number * 20_000 + (number % 2) * 10_000)
    for arrived, low, high in ((steady, 0, 0), (uneven, 400, 500)):
        figures = arrived.figures()
        assert figures is not None
        assert low <= figures.jitter <= high


def test_the_packets_of_one_picture_are_timed_by_the_first() -> None:
    arrived = Arrived(90_000)
    for picture in range(100):
        for part in range(3):
            arrived.arrived(3 * picture + part, picture * 4_500, picture * 50_000 + part * 3_000)
    figures = arrived.figures()
    assert figures is not None
    assert (figures.received, figures.jitter) == (300, 0)


def test_a_report_ties_the_round_trip() -> None:
    arrived, reports = Arrived(90_000), Reports()
    arrived.arrived(1, 0, 0)
    reports.reported(SenderReport(ssrc=1, ntp=0x0123_4567_89AB_CDEF, timestamp=0, packets=0, octets=0), 1_000_000)
    block = reports.block(1, arrived.figures(), 1_500_000)
    assert block is not None
    assert block.last_report == 0x4567_89AB
    assert block.delay == 32_768
