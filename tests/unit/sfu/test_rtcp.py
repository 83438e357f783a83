from __future__ import annotations

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpPsfbPacket, RtcpReceiverInfo, RtcpRrPacket, RtcpRtpfbPacket, RtcpSrPacket

from server.sfu.rtp import rtcp
from server.sfu.rtp.packet import MalformedPacket
from server.sfu.rtp.twcc import READ_MAX, Arrivals, Feedback

BLOCK = rtcp.ReportBlock(
    ssrc=7, fraction_lost=25, packets_lost=-3, highest=99, jitter=12, last_report=0xABCD, delay=65_536
)


def test_what_is_written_reads_back() -> None:
    report = rtcp.SenderReport(ssrc=1, ntp=2**63 + 5, timestamp=6, packets=7, octets=8, blocks=(BLOCK,))
    data = (
        rtcp.write_receiver_report(ssrc=9, blocks=[BLOCK])
        + rtcp.write_sender_report(report)
        + rtcp.write_description(ssrc=9, cname="milieu")
        + rtcp.write_nack(ssrc=9, media=4, numbers=[65_534, 65_535, 3, 40])
        + rtcp.write_keyframe_request(ssrc=9, media=4)
    )
    assert list(rtcp.read(data)) == [
        rtcp.ReceiverReport(ssrc=9, blocks=(BLOCK,)),
        report,
        rtcp.Nack(media=4, numbers=(65_534, 65_535, 3, 40)),
        rtcp.KeyframeRequest(media=4),
    ]


def test_another_implementation_reads_what_is_written() -> None:
    data = (
        rtcp.write_receiver_report(ssrc=9, blocks=[BLOCK])
        + rtcp.write_sender_report(
            rtcp.SenderReport(ssrc=1, ntp=5 << 32, timestamp=6, packets=7, octets=8, blocks=(BLOCK,))
        )
        + rtcp.write_description(ssrc=9, cname="milieu")
        + rtcp.write_nack(ssrc=9, media=4, numbers=[1, 3, 90])
        + rtcp.write_keyframe_request(ssrc=9, media=4)
    )
    receiver, sender, _, nack, keyframe = RtcpPacket.parse(data)
    assert isinstance(receiver, RtcpRrPacket)
    assert isinstance(receiver.reports[0], RtcpReceiverInfo)
    assert (receiver.reports[0].fraction_lost, receiver.reports[0].packets_lost) == (25, -3)
    assert isinstance(sender, RtcpSrPacket)
    assert sender.sender_info.ntp_timestamp == 5 << 32
    assert isinstance(nack, RtcpRtpfbPacket)
    assert (nack.lost, nack.media_ssrc) == ([1, 3, 90], 4)
    assert isinstance(keyframe, RtcpPsfbPacket)
    assert keyframe.fmt == 1


def test_a_fir_and_a_bandwidth_message_are_read() -> None:
    fir = struct.pack("!BBHIIII", 0x84, 206, 4, 1, 0, 77, 5 << 24)
    remb = struct.pack("!BBHII4sII", 0x8F, 206, 5, 1, 0, b"REMB", 1 << 24 | 3 << 18 | 1000, 77)
    assert list(rtcp.read(fir + remb)) == [
        rtcp.KeyframeRequest(media=77),
        rtcp.BandwidthMessage(bitrate_bps=8_000),
    ]


def test_a_boundless_bandwidth_message_means_plenty() -> None:
    remb = struct.pack("!BBHII4sII", 0x8F, 206, 5, 1, 0, b"REMB", 1 << 24 | 63 << 18 | 0x3FFFF, 77)
    assert list(rtcp.read(remb)) == [rtcp.BandwidthMessage(bitrate_bps=rtcp.BITRATE_BPS_MAX)]


def test_transport_feedback_is_not_taken_for_a_nack() -> None:
    arrivals = Arrivals()
    arrivals.arrived(7, 64_000)
    data = arrivals.feedback(ssrc=1, media=2)
    assert data is not None
    assert list(rtcp.read(data)) == [Feedback(first=7, base=1, arrivals=(0,), is_plain=True)]


def feedback_of_nothing(packets: int) -> bytes:
    """That so many packets did not arrive, said in two bytes."""
    body = struct.pack("!IIHHIHH", 1, 2, 7, packets, 0, packets, 0)
    return struct.pack("!BBH", 0x8F, 205, len(body) // 4) + body


def test_of_many_feedbacks_only_two_are_read_and_one_about_an_outage_tells_nothing() -> None:
    read = list(rtcp.read(feedback_of_nothing(READ_MAX) * 5))
    assert read == [Feedback(first=7, base=0, arrivals=(None,) * READ_MAX)] * 2
    assert list(rtcp.read(feedback_of_nothing(READ_MAX + 1))) == [Feedback(first=7, base=0, arrivals=())]


def test_truncation_at_every_byte_is_refused() -> None:
    data = rtcp.write_receiver_report(ssrc=9, blocks=[BLOCK]) + rtcp.write_nack(ssrc=9, media=4, numbers=[1])
    for size in range(1, len(data)):
        if size == 32:  # the first packet whole
            continue
        with pytest.raises(MalformedPacket):
            list(rtcp.read(data[:size]))


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!BBHI", 0x9F, 201, 1, 9),  # 31 reports that are not there
        struct.pack("!BBHI", 0x9F, 203, 1, 9),  # 31 farewells that are not there
        struct.pack("!BBHI", 0x41, 201, 1, 9),  # version 1
        struct.pack("!BBHI", 0xA1, 201, 1, 0),  # padding of nothing
        struct.pack("!BBHI", 0x81, 200, 1, 9),  # a sender report of four bytes
        struct.pack("!BBHI", 0x81, 205, 1, 9),  # a request without a stream
        b"\x80\xc9\xff\xff" + bytes(40),
    ],
)
def test_lies_about_lengths_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        list(rtcp.read(data))


def test_a_request_for_a_flood_is_bounded() -> None:
    body = b"".join(struct.pack("!HH", n, 0xFFFF) for n in range(0, 340 * 17, 17))
    data = struct.pack("!BBHII", 0x81, 205, 2 + len(body) // 4, 1, 2) + body
    (nack,) = rtcp.read(data)
    assert isinstance(nack, rtcp.Nack)
    assert len(nack.numbers) <= rtcp.NUMBERS_MAX


def test_more_than_31_streams_take_more_than_one_report() -> None:
    reports = list(rtcp.read(rtcp.write_receiver_report(ssrc=1, blocks=[BLOCK] * 40)))
    assert [len(report.blocks) for report in reports if isinstance(report, rtcp.ReceiverReport)] == [31, 9]
