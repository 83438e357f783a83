"""What a forwarding core promises, of both of them."""

from __future__ import annotations

from collections.abc import Iterator

import pylibsrtp
import pytest
from aioice import stun

from server.sfu.core import (
    CHECKS_EVERY_US,
    CHECKS_MAX,
    ELSEWHERE_EVERY_US,
    ELSEWHERE_MAX,
    ENDED_MAX,
    FEEDBACK_EVERY_US,
    FEEDBACK_FEW,
    FEEDBACK_LATEST_US,
    FOLLOW_EVERY_US,
    HANDSHAKES_MAX,
    LEVELS_MAX,
    PROOFS_EVERY_US,
    PROOFS_MAX,
    STREAMS_MAX,
    UNPLACED_EVERY_US,
    UNPLACED_MAX,
    UNPROVED_EVERY_US,
    Address,
    CoreName,
    LayerCore,
    SlotCore,
    TrackCore,
)
from server.sfu.native_core import NativeCore
from server.sfu.rtp import rtcp
from server.sfu.rtp.removal import RUNS_MAX
from server.sfu.rtp.speakers import LOUD_DBOV
from server.sfu.rtp.twcc import Arrivals
from tests.unit.sfu.bare import CORES, DEPARTURE_ID, LEVEL_ID, SECOND_US, Bare, BareLink
from tests.unit.sfu.feedback import read_feedback
from tests.unit.sfu.packets import rtp, vp8

CAMERA, MICROPHONE = 10, 30
REQUEST = rtcp.write_keyframe_request(ssrc=7, media=1_000)
NOW = 5 * SECOND_US


@pytest.fixture(params=CORES)
def bare(request: pytest.FixtureRequest) -> Iterator[Bare]:
    name: CoreName = request.param
    bare = Bare(name)
    yield bare
    bare.close()


def camera(sender: BareLink, slot: SlotCore) -> tuple[TrackCore, LayerCore]:
    """A camera that is shown in `slot`."""
    track = sender.core.track(kind="video", payload_type=96, resend_type=97, level_extension=0)
    layer = track.layer("camera")
    layer.bind(CAMERA)
    track.route([slot])
    slot.aim(layer, cut=True)
    return track, layer


def show(sender: BareLink, number: int, *, keyframe: bool = False, at_us: int = NOW, ssrc: int = CAMERA) -> None:
    payload = vp8(picture=number & 0x7FFF, keyframe=keyframe, body=b"%d" % number)
    sender.send_rtp(at_us, ssrc=ssrc, sequence=number, timestamp=number * 3_000, payload=payload, marker=True)


def proving(password: bytes, **more: object) -> bytes:
    message = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    message.attributes.update({"USERNAME": "ours:theirs", "PRIORITY": 7, "USE-CANDIDATE": None, **more})
    message.add_message_integrity(password)
    return bytes(message)


def test_only_checks_that_prove_the_password_of_a_known_name_reach_python(bare: Bare) -> None:
    bare.core.name_link("ours", theirs="theirs", password="password")
    stranger = ("192.0.2.7", 4_000)
    bare.core.feed(proving(b"password"), stranger, NOW)
    for wrong in (
        proving(b"password", USERNAME="nobody:theirs"),
        proving(b"password", USERNAME="ours:others"),
        proving(b"password", USERNAME="ours:theirs2"),
        proving(b"guessed"),
        proving(b"password")[:-4],
    ):
        bare.core.feed(wrong, stranger, NOW)
    assert [(address, now_us) for _, address, now_us in bare.stun] == [(stranger, NOW)]
    assert bare.core.strays == 5
    bare.core.unname_link("ours")
    bare.core.feed(proving(b"password"), stranger, NOW)
    assert bare.core.strays == 6


def test_a_name_as_long_as_browsers_may_choose_it_is_proved_as_well(bare: Bare) -> None:
    theirs = "t" * 256
    bare.core.name_link("ours", theirs=theirs, password="password")
    bare.core.feed(proving(b"password", USERNAME=f"ours:{theirs}"), ("192.0.2.7", 4_000), NOW)
    bare.core.feed(proving(b"guessed", USERNAME=f"ours:{theirs}"), ("192.0.2.7", 4_000), NOW)
    assert (len(bare.stun), bare.core.strays) == (1, 1)


def test_copies_of_a_true_check_are_told_so_often_and_no_more(bare: Bare) -> None:
    """Whoever listens on the way can send them from anywhere, and so often as they like."""
    bare.core.name_link("ours", theirs="theirs", password="password")
    bare.core.name_link("others", theirs="theirs", password="password")
    for port in range(2 * CHECKS_MAX):
        bare.core.feed(proving(b"password"), ("192.0.2.7", 4_000 + port), NOW)
    assert (len(bare.stun), bare.core.untold) == (CHECKS_MAX, CHECKS_MAX)
    bare.core.feed(proving(b"password", USERNAME="others:theirs"), ("192.0.2.7", 4_000), NOW)
    assert len(bare.stun) == CHECKS_MAX + 1, "nobody else's checks wait for that"
    bare.core.feed(proving(b"password"), ("192.0.2.7", 4_000), NOW + CHECKS_EVERY_US)
    assert len(bare.stun) == CHECKS_MAX + 2


def test_a_flood_of_checks_is_not_looked_at_without_end_whether_they_are_true_or_not(bare: Bare) -> None:
    link = bare.link()
    for name in ("ours", "others"):
        bare.core.name_link(name, theirs="theirs", password="password")
    link.core.answer_checks("ours:theirs", "password")
    true, guessed = proving(b"password"), proving(b"guessed")
    for _ in range(PROOFS_MAX // 2):
        bare.core.feed(true, link.address, NOW)
        bare.core.feed(guessed, link.address, NOW)
    bare.collect()
    assert (len(bare.sent), bare.core.strays, bare.core.untold) == (PROOFS_MAX // 2, PROOFS_MAX // 2, 0)
    bare.core.feed(true, link.address, NOW)
    bare.core.feed(guessed, link.address, NOW)
    bare.core.feed(proving(b"password", USERNAME="others:theirs"), link.address, NOW)
    assert (bare.core.untold, len(bare.stun)) == (2, 1)
    bare.sent.clear()
    bare.feed(true, link.address, NOW + PROOFS_EVERY_US)
    assert len(bare.sent) == 1


def test_what_anybody_can_send_in_a_peers_name_is_told_so_often_and_no_more(bare: Bare) -> None:
    link, other = bare.link(), bare.link()
    answer = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    answer.attributes.update({"USERNAME": "ours:theirs", "XOR-MAPPED-ADDRESS": ("192.0.2.7", 4_000)})
    answer.add_message_integrity(b"guessed")
    record = b"\x16\xfe\xfd" + bytes(60)
    for _ in range(2 * HANDSHAKES_MAX):
        bare.core.feed(record, link.address, NOW)
        bare.core.feed(bytes(answer), link.address, NOW)
    assert (len(link.dtls), len(bare.stun)) == (HANDSHAKES_MAX, CHECKS_MAX)
    assert bare.core.untold == 4 * HANDSHAKES_MAX - HANDSHAKES_MAX - CHECKS_MAX
    bare.core.feed(record, other.address, NOW)
    bare.core.feed(record, link.address, NOW + UNPROVED_EVERY_US)
    assert (len(other.dtls), len(link.dtls)) == (1, HANDSHAKES_MAX + 1)
    bare.collect()
    assert bare.sent == []


def test_a_check_over_ipv6_keeps_its_address(bare: Bare) -> None:
    bare.core.name_link("ours", theirs="theirs", password="password")
    bare.core.feed(proving(b"password"), ("2001:db8::7", 4_000, 0, 3), NOW)
    assert bare.stun[0][1] == ("2001:db8::7", 4_000, 0, 3)


@pytest.mark.parametrize("address", [("127.0.0.1", 10_001), ("2001:db8::7", 4_000, 0, 3)])
def test_checks_that_change_nothing_are_answered_by_the_core_as_aioice_would(bare: Bare, address: Address) -> None:
    link = bare.link()
    link.core.admit(address)
    link.core.direct(address)
    bare.core.name_link("ours", theirs="theirs", password="password")
    bare.core.feed(proving(b"password"), address, NOW)
    assert len(bare.stun) == 1, "not before it was told to"
    link.core.answer_checks("ours:theirs", "password")
    request = stun.parse_message(proving(b"password"))
    bare.feed(proving(b"password"), address, NOW)
    ((answer, to),) = bare.sent
    assert to == address
    read = stun.parse_message(answer)
    assert read.check_message_integrity(b"password")
    expected = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=read.transaction_id)
    expected.attributes["XOR-MAPPED-ADDRESS"] = address[:2]
    expected.add_message_integrity(b"password")
    assert answer == bytes(expected)
    assert read.transaction_id != request.transaction_id
    assert (len(bare.stun), link.core.heard_us) == (1, NOW)


def test_checks_that_may_change_something_are_told(bare: Bare) -> None:
    link = bare.link()
    bare.core.name_link("ours", theirs="theirs", password="password")
    link.core.answer_checks("ours:theirs", "password")
    elsewhere = ("127.0.0.1", 4_000)
    odd = [
        (proving(b"password"), elsewhere),
        (proving(b"password", **{"ICE-CONTROLLED": 5}), link.address),
    ]
    for data, address in odd:
        bare.core.feed(data, address, NOW)
    assert [(data, address) for data, address, _ in bare.stun] == odd
    link.core.admit(elsewhere)
    bare.core.feed(proving(b"password"), elsewhere, NOW)
    assert len(bare.stun) == len(odd) + 1, "from a known address that is not where the peer is"
    bare.core.unname_link("ours")
    bare.core.feed(proving(b"password"), link.address, NOW)
    bare.collect()
    assert (bare.sent, bare.core.strays, link.core.heard_us) == ([], 1, 0)


def test_what_comes_from_an_address_that_was_expelled_is_nobodys(bare: Bare) -> None:
    link = bare.link()
    link.bare.core.feed(b"\x16" + bytes(20), link.address, NOW)
    assert len(link.dtls) == 1
    link.core.expel(link.address)
    bare.core.feed(b"\x16" + bytes(20), link.address, NOW)
    assert (len(link.dtls), bare.core.strays) == (1, 1)


def test_an_address_belongs_to_whoever_proved_it_last(bare: Bare) -> None:
    first, second = bare.link(), bare.link()
    second.core.admit(first.address)
    first.core.expel(first.address)
    bare.core.feed(b"\x16" + bytes(20), first.address, NOW)
    assert (len(first.dtls), len(second.dtls)) == (0, 1)


ELSEWHERE = ("198.51.100.9", 4_009)


def sealed(sender: BareLink, number: int, *, ssrc: int = CAMERA, keyframe: bool = False) -> bytes:
    payload = vp8(picture=number & 0x7FFF, keyframe=keyframe, body=b"%d" % number)
    return sender.far_tx.protect(
        rtp(ssrc=ssrc, sequence=number, timestamp=number * 3_000, payload=payload, marker=True)
    )


def answer_of_anybody() -> bytes:
    answer = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.RESPONSE)
    answer.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.7", 4_000)
    answer.add_message_integrity(b"guessed")
    return bytes(answer)


def test_media_of_a_peer_from_an_address_of_nobody_is_its_own_and_that_is_told(bare: Bare) -> None:
    ada, ben = bare.link(), bare.link()
    camera(ada, ben.slot("video"))
    show(ada, 1, keyframe=True)
    assert len(ben.received()) == 1
    bare.feed(sealed(ada, 2), ELSEWHERE, NOW)
    bare.feed(sealed(ada, 3), ELSEWHERE, NOW + 1)
    assert len(ben.received()) == 2
    assert ada.elsewhere == [(ELSEWHERE, NOW)], "once in a while"
    assert ada.core.heard_us == NOW + 1
    bare.feed(sealed(ada, 4), ELSEWHERE, NOW + FOLLOW_EVERY_US)
    assert ada.elsewhere[1:] == [(ELSEWHERE, NOW + FOLLOW_EVERY_US)]
    assert {address for _, address in bare.sent} == {ben.address}, "nothing goes there, whoever may be there"
    ada.core.admit(ELSEWHERE)
    bare.feed(sealed(ada, 5), ELSEWHERE, NOW + 5 * FOLLOW_EVERY_US)
    assert (len(ben.received()), len(ada.elsewhere), bare.core.strays) == (2, 2, 0)


def test_copies_and_forgeries_from_elsewhere_are_neither_taken_nor_told(bare: Bare) -> None:
    ada, ben = bare.link(), bare.link()
    camera(ada, ben.slot("video"))
    copy = sealed(ada, 1, keyframe=True)
    bare.feed(copy, ada.address, NOW)
    assert len(ben.received()) == 1
    forged = copy[:3] + bytes([copy[3] + 1]) + copy[4:]
    for wrong in (copy, forged):
        bare.feed(wrong, ELSEWHERE, NOW)
    assert (ada.core.failures, bare.core.strays) == (2, 0)
    for stranger in (sealed(ada, 9, ssrc=CAMERA + 1), ada.far_tx.protect_rtcp(REQUEST), b"\x16\xfe\xfd" + bytes(60)):
        bare.feed(stranger, ELSEWHERE, NOW)
    assert (ada.core.failures, bare.core.strays, ada.core.streams) == (2, 3, 1)
    assert not ben.received() and not ada.elsewhere and not ada.control and not ada.dtls
    bare.feed(sealed(ada, 2), ELSEWHERE, NOW)
    assert len(ben.received()) == len(ada.elsewhere) == 1, "the true one is"


def test_a_flood_in_a_peers_name_from_elsewhere_is_not_looked_at_without_end(bare: Bare) -> None:
    ada, ben = bare.link(), bare.link()
    show(ada, 1)
    show(ben, 1, ssrc=CAMERA + 1)
    forged = sealed(ada, 2)[:-1] + b"?"
    for port in range(3 * ELSEWHERE_MAX):
        bare.feed(forged, ("198.51.100.9", port), NOW)
    assert (ada.core.failures, bare.core.untold) == (ELSEWHERE_MAX, 2 * ELSEWHERE_MAX)
    bare.feed(sealed(ada, 2), ELSEWHERE, NOW)
    assert not ada.elsewhere, "it waits for the next while"
    bare.feed(sealed(ben, 2, ssrc=CAMERA + 1), ELSEWHERE, NOW)
    assert ben.elsewhere == [(ELSEWHERE, NOW)], "nobody else does"
    bare.feed(sealed(ada, 3), ELSEWHERE, NOW + ELSEWHERE_EVERY_US)
    assert len(ada.elsewhere) == 1


def test_a_stream_from_elsewhere_that_two_have_or_that_ended_is_nobodys(bare: Bare) -> None:
    ada, ben = bare.link(), bare.link()
    _, layer = camera(ada, ben.slot("video"))
    show(ada, 1)
    show(ben, 1)
    bare.feed(sealed(ada, 2), ELSEWHERE, NOW)
    assert (ada.core.failures, ben.core.failures, bare.core.strays) == (0, 0, 1)
    ben.core.close()
    bare.feed(sealed(ada, 3), ELSEWHERE, NOW)
    assert len(ada.elsewhere) == 1 and bare.core.strays == 1
    layer.end()
    bare.feed(sealed(ada, 4), ELSEWHERE, NOW + FOLLOW_EVERY_US)
    assert len(ada.elsewhere) == 1 and bare.core.strays == 2


def test_from_an_address_where_a_peer_is_expected_nothing_but_answers_is_taken(bare: Bare) -> None:
    ada, ben = bare.link(), bare.link()
    bare.feed(answer_of_anybody(), ELSEWHERE, NOW)
    assert not bare.stun and bare.core.strays == 1
    ada.core.expect(ELSEWHERE)
    bare.feed(answer_of_anybody(), ELSEWHERE, NOW)
    assert [address for _, address, _ in bare.stun] == [ELSEWHERE]
    for other in (sealed(ada, 1), ada.far_tx.protect_rtcp(REQUEST), b"\x16\xfe\xfd" + bytes(60)):
        bare.feed(other, ELSEWHERE, NOW)
    assert (bare.core.strays, ada.core.streams, ada.control, ada.dtls) == (4, 0, [], [])
    ben.core.admit(ELSEWHERE)
    ada.core.expect(ELSEWHERE)
    show(ben, 1)
    bare.feed(sealed(ben, 2), ELSEWHERE, NOW)
    assert ben.core.streams == 1 and not ben.elsewhere, "where somebody is nobody else is expected"


def test_one_place_is_expected_at_a_time_and_none_of_a_link_that_closed(bare: Bare) -> None:
    ada = bare.link()
    places: list[Address] = [("198.51.100.9", port) for port in range(1, 4)]
    for place in places:
        ada.core.expect(place)
    for place in places:
        bare.feed(answer_of_anybody(), place, NOW)
    assert [address for _, address, _ in bare.stun] == places[-1:]
    ada.core.expect(ada.address)
    show(ada, 1)
    assert ada.core.streams == 1, "where it was before it still is"
    ada.core.expect(places[0])
    ada.core.close()
    bare.feed(answer_of_anybody(), places[0], NOW)
    assert len(bare.stun) == 1


def test_rtcp_is_decrypted_and_told_and_sent_encrypted(bare: Bare) -> None:
    link = bare.link()
    bare.feed(link.far_tx.protect_rtcp(REQUEST), link.address, NOW)
    assert link.control == [REQUEST]
    assert link.core.heard_us == NOW
    link.core.send_rtcp(REQUEST)
    bare.collect()
    ((data, address),) = bare.sent
    assert address == link.address
    assert link.far_rx.unprotect_rtcp(data) == REQUEST
    bare.core.feed(b"\x80\xc9" + bytes(40), link.address, NOW)
    assert link.core.failures == 1


def told(link: BareLink) -> list[list[rtcp.Report]]:
    """The reports of each datagram that came to a peer."""
    link.bare.collect()
    mine = [data for data, address in link.bare.sent if address == link.address and 192 <= data[1] <= 223]
    link.bare.sent = []
    return [list(rtcp.read(link.far_rx.unprotect_rtcp(data))) for data in mine]


def test_a_sender_is_told_how_its_streams_arrive_and_when_its_own_report_came(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    _, layer = camera(sender, viewer.slot("video"))
    assert layer.clock() is None
    report = rtcp.SenderReport(ssrc=CAMERA, ntp=0x0123_4567_89AB_CDEF, timestamp=77, packets=1, octets=1)
    bare.feed(sender.far_tx.protect_rtcp(rtcp.write_sender_report(report)), sender.address, NOW)
    assert layer.clock() == (report.ntp, 77)
    for number in (1, 2, 4):
        show(sender, number, keyframe=number == 1)
    sender.core.report(5, NOW + SECOND_US // 2)
    ((mine,),) = told(sender)
    assert isinstance(mine, rtcp.ReceiverReport)
    ((block),) = mine.blocks
    assert (mine.ssrc, block.ssrc, block.fraction_lost, block.packets_lost) == (5, CAMERA, 64, 1)
    assert (block.last_report, block.delay) == (0x4567_89AB, 32_768)
    assert sender.core.lost == 0.25
    assert sender.control == [], "reports are nobody else's business"
    sender.core.report(5, NOW + SECOND_US)
    assert sender.core.lost == 0.0


def test_what_is_lost_further_on_is_told_as_lost_where_we_miss_less_and_counted_nowhere(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    track, _ = camera(sender, viewer.slot("video"))
    shares = []
    for second, (share, numbers) in enumerate([(0, (1, 2)), (51, (3, 4)), (51, (5, 8)), (0, (9, 10))]):
        track.lost_onward(share)
        for number in numbers:
            show(sender, number, keyframe=number == 1)
        sender.core.report(5, NOW + second * SECOND_US)
        ((mine,),) = told(sender)
        assert isinstance(mine, rtcp.ReceiverReport)
        ((block),) = mine.blocks
        shares.append((block.fraction_lost, block.packets_lost, sender.core.lost))
    assert shares == [(0, 0, 0.0), (51, 0, 0.0), (128, 2, 0.5), (0, 2, 0.0)]


def test_a_viewer_is_told_where_its_slots_are_a_third_at_a_time(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    slots = [viewer.slot("video") for _ in range(5)]
    track, layer = camera(sender, slots[0])
    for slot in slots[1:4]:
        slot.aim(layer, cut=True)
    track.route(slots[:4])
    show(sender, 1, keyframe=True)
    sent = {packet.ssrc: packet.timestamp for packet in viewer.received()}
    slots[2].aim(None, cut=True)
    reports: list[rtcp.SenderReport] = []
    for second in range(1, 4):
        viewer.core.report(5, NOW + second * SECOND_US)
        ((own, *others),) = told(viewer)
        assert own == rtcp.ReceiverReport(ssrc=5, blocks=())
        reports += [report for report in others if isinstance(report, rtcp.SenderReport)]
    assert sorted(report.ssrc for report in reports) == [1_000, 2_000, 4_000], "the third shows nobody any more"
    for report in reports:
        passed_us = (report.ntp - rtcp.ntp_time(NOW)) * SECOND_US >> 32
        assert (report.packets, round(passed_us, -5) % SECOND_US) == (1, 0)
        assert report.timestamp == (sent[report.ssrc] + passed_us * 9 // 100) & 0xFFFFFFFF


def test_what_a_viewer_reports_of_its_slots_is_summed_up(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    camera(sender, viewer.slot("video"))
    viewer.slot("video")  # shows nobody
    blocks = [
        rtcp.ReportBlock(1_000, 64, 1, 9, 0, rtcp.ntp_time(NOW - 50_000) >> 16 & 0xFFFFFFFF, 0),
        rtcp.ReportBlock(1_000, 0, 1, 9, 0, 0, 0),
        rtcp.ReportBlock(2_000, 255, 1, 9, 0, 0, 0),
        rtcp.ReportBlock(77, 255, 1, 9, 0, 0, 0),
    ]
    report = rtcp.write_receiver_report(ssrc=1, blocks=blocks)
    bare.feed(viewer.far_tx.protect_rtcp(report), viewer.address, NOW)
    bare.feed(viewer.far_tx.protect_rtcp(report[:-4]), viewer.address, NOW)
    told = viewer.core.told()
    assert (told.blocks, told.lost, told.trips) == (2, 64, 1)
    assert 49_900 < told.trips_us < 50_100
    assert viewer.control == [report[:-4]], "what does not fit is somebody else's to refuse"


def test_packets_without_a_place_are_handed_over_a_keyframes_worth_at_a_time(bare: Bare) -> None:
    sender = bare.link()
    for number in range(2 * UNPLACED_MAX):
        show(sender, number)
    assert len(sender.handed) == UNPLACED_MAX
    show(sender, 1_000, at_us=NOW + UNPLACED_EVERY_US)
    assert len(sender.handed) == UNPLACED_MAX + 1


def test_a_shut_track_is_silent_and_counts_on(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    track, layer = camera(sender, viewer.slot("video"))
    track.shut()
    show(sender, 1, keyframe=True)
    assert (sender.handed, viewer.received()) == ([], [])
    assert (layer.figures().keyframes, layer.figures().last_us) == (1, NOW)


def test_one_link_has_so_many_streams_and_no_more(bare: Bare) -> None:
    sender = bare.link()
    for ssrc in range(1, 3 * STREAMS_MAX):
        show(sender, 1, ssrc=ssrc)
    assert sender.core.streams == STREAMS_MAX


def test_ended_streams_are_bounded_and_never_come_back(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    _, layer = camera(sender, viewer.slot("video"))
    show(sender, 1, keyframe=True)
    kept = sender.far_tx.protect(rtp(ssrc=CAMERA, sequence=2, payload=vp8(keyframe=True)))
    for ssrc in range(1_000, 1_000 + ENDED_MAX + 10):
        layer.bind(ssrc)
        show(sender, 1, ssrc=ssrc)
    assert sender.core.streams == 0, "who began anew a thousand times must connect anew"
    received = layer.figures().received
    layer.bind(CAMERA)
    bare.feed(kept, sender.address, NOW)
    assert layer.figures().received == received


@pytest.mark.parametrize("how", ["begins anew", "ends"])
def test_a_stream_that_ends_leaves_the_session(bare: Bare, how: str) -> None:
    sender, viewer = bare.link(seals=False), bare.link()
    _, layer = camera(sender, viewer.slot("video"))
    packet = sender.far_tx.protect(rtp(ssrc=CAMERA, sequence=1, payload=vp8(keyframe=True)))
    bare.feed(packet, sender.address, NOW)
    with pytest.raises(pylibsrtp.Error, match="replay"):
        sender.rx.unprotect(packet)
    if how == "ends":
        layer.end()
    else:
        layer.bind(CAMERA + 1)
    assert sender.rx.unprotect(packet), "libsrtp knows nothing of it any more"


def test_a_layer_that_ends_is_shown_no_longer(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    slot = viewer.slot("video")
    track, layer = camera(sender, slot)
    show(sender, 1, keyframe=True)
    other = track.layer("other")
    slot.aim(other, cut=False)
    assert (slot.flowing, slot.awaited) == (layer, other)
    other.end()
    assert (slot.flowing, slot.awaited) == (layer, None)
    layer.end()
    assert slot.flowing is None
    assert layer.figures().last_us == NOW, "its figures stay readable"
    show(sender, 2, keyframe=True)
    assert len(viewer.received()) == 1


def bodies(viewer: BareLink) -> list[bytes]:
    """What was shown, by the number that `show` wrote into it."""
    return [packet.payload[-1:] for packet in viewer.received()]


def test_a_keyframe_whose_first_packet_comes_last_is_shown_whole_to_whoever_waits(bare: Bare) -> None:
    sender, viewer, later = bare.link(), bare.link(), bare.link()
    slot, other = viewer.slot("video"), later.slot("video")
    track, layer = camera(sender, slot)
    for number in (1, 3, 5):
        show(sender, number)
    show(sender, 2, keyframe=True)
    assert bodies(viewer) == [b"2", b"3", b"5"]
    track.route([slot, other])
    other.aim(layer, cut=True)
    show(sender, 4, keyframe=True)
    assert bodies(viewer) == [b"4"]
    assert bodies(later) == [], "5 had passed before it waited: nobody could send it again"
    show(sender, 6)
    show(sender, 7, keyframe=True)
    assert bodies(later) == [b"7"]


def test_a_link_that_closes_leaves_nothing_that_points_to_it(bare: Bare) -> None:
    sender, viewer, other = bare.link(), bare.link(), bare.link()
    slot, still = viewer.slot("video"), other.slot("video")
    track, layer = camera(sender, slot)
    track.route([slot, still])
    still.aim(layer, cut=True)
    show(sender, 1, keyframe=True)
    viewer.core.close()
    slot.aim(layer, cut=True)
    show(sender, 2)
    assert len(other.received()) == 2
    sender.core.close()
    assert still.flowing is None
    show(sender, 3)
    sender.core.send_rtcp(REQUEST)
    sender.core.report(1, NOW)
    layer.end()
    track.route([still])
    assert other.received() == []


def test_closing_more_gaps_than_are_remembered_forgets_the_oldest(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    camera(sender, viewer.slot("video"))
    show(sender, 1, keyframe=True)
    number = 1
    for _ in range(RUNS_MAX + 5):
        number += 2  # one is left for later
        sender.send_rtp(NOW, ssrc=CAMERA, sequence=number, payload=b"", padding=10)
    show(sender, number + 1)
    first, last = viewer.received()
    assert last.sequence - first.sequence == number - RUNS_MAX - 5
    show(sender, 2)
    assert viewer.received() == [], "where it would go is not known any more"
    show(sender, number - 1)
    (late,) = viewer.received()
    assert late.sequence == last.sequence - 1


def test_departures_are_numbered_and_what_a_viewer_tells_of_them_is_folded(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    viewer.core.number_departures(DEPARTURE_ID)
    camera(sender, viewer.slot("video"))
    arrivals = Arrivals()
    for number in range(1, 11):
        show(sender, number, keyframe=number == 1, at_us=NOW + 10_000 * number)
    packets = viewer.received()
    numbers = [int.from_bytes(packet.extensions()[DEPARTURE_ID], "big") for packet in packets]
    assert numbers == list(range(10))
    for number in numbers:
        arrivals.arrived(number, 64_000 + 10_000 * number)
    told = arrivals.feedback(ssrc=1, media=2)
    assert told is not None
    bare.feed(viewer.far_tx.protect_rtcp(told), viewer.address, NOW)
    (echo,) = viewer.echoes
    assert (echo.arrived, echo.lost) == (10, 0)
    assert echo.octets == sum(len(packet.data) for packet in packets)
    assert (echo.ended_us - echo.begun_us, echo.sent_us) == (90_000, NOW + 100_000)
    assert viewer.control == [], "there was nothing else to read"


def test_feedback_that_is_cut_off_is_counted_and_nothing_more(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    viewer.core.number_departures(DEPARTURE_ID)
    camera(sender, viewer.slot("video"))
    show(sender, 1, keyframe=True)
    cut = bytes.fromhex("8fcd0004 00000001 00000002 00000005 00010203")
    bare.feed(viewer.far_tx.protect_rtcp(cut), viewer.address, NOW)
    assert (viewer.core.malformed, viewer.echoes, viewer.control) == (1, [], [])


def test_a_sender_is_told_when_its_packets_arrived(bare: Bare) -> None:
    sender = bare.link()
    sender.core.number_arrivals(3, ssrc=1)
    passed_us = {6: 0, 7: 1_000, 8: 2_000, 10: 4_000, 11: FEEDBACK_LATEST_US, 12: FEEDBACK_LATEST_US + 20_000}
    for number, passed in passed_us.items():
        sender.send_rtp(NOW + passed, ssrc=MICROPHONE, sequence=number, extensions={3: bytes((0, number))})
    bare.collect()
    assert {address for _, address in bare.sent} == {sender.address}
    told = [read_feedback(sender.far_rx.unprotect_rtcp(data)) for data, _ in bare.sent]
    assert [first for first, _ in told] == [6, 7], "the first packet, and all until the next is due"
    arrived = told[1][1]
    at = [None if when is None else when - (arrived[0] or 0) for when in arrived]
    assert at == [0, 1_000, None, 3_000, FEEDBACK_LATEST_US - 1_000]


@pytest.mark.parametrize(("count", "is_told"), [(FEEDBACK_FEW - 2, False), (FEEDBACK_FEW - 1, True)])
def test_a_sender_of_few_packets_is_told_later(bare: Bare, count: int, is_told: bool) -> None:
    sender = bare.link()
    sender.core.number_arrivals(3, ssrc=1)
    sender.send_rtp(NOW, ssrc=MICROPHONE, sequence=1, extensions={3: bytes(2)})
    for number in range(1, count + 1):
        sender.send_rtp(NOW + 1_000, ssrc=MICROPHONE, sequence=1 + number, extensions={3: bytes((0, number))})
    sender.send_rtp(NOW + FEEDBACK_EVERY_US, ssrc=MICROPHONE, sequence=2 + count, extensions={3: bytes((0, 1 + count))})
    bare.collect()
    assert len(bare.sent) == 1 + is_told, "the first packet is told of at once"


def test_loud_levels_wait_to_be_fetched_and_not_without_end(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    track = sender.core.track(kind="audio", payload_type=111, resend_type=None, level_extension=LEVEL_ID)
    layer = track.layer("microphone")
    layer.bind(MICROPHONE)
    track.route([viewer.slot("audio")])
    last = 3 * LEVELS_MAX
    for number in range(last):
        sender.send_rtp(
            NOW + number,
            ssrc=MICROPHONE,
            sequence=number,
            payload_type=111,
            extensions={LEVEL_ID: bytes([0x80 | number % 100])},
        )
    loud = [(NOW + number, number % 100) for number in range(last) if number % 100 <= LOUD_DBOV]
    assert track.levels() == loud[-LEVELS_MAX:]
    assert track.levels() == []


def test_a_link_knows_how_many_packets_it_waits_for(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    track, layer = camera(sender, viewer.slot("video"))
    show(sender, 1, keyframe=True)
    show(sender, 4)
    assert (sender.core.missing, layer.figures().missing, layer.figures().received) == (2, 2, 2)
    show(sender, 400)
    assert (sender.core.missing, sender.core.overflows, layer.figures().overflows) == (0, 1, 1)
    show(sender, 403)
    track.layer("other")
    assert sender.core.missing == 2
    show(sender, 406)
    bare.core.feed(b"", sender.address, NOW)
    assert sender.misses == 3, "told of the first hole, of one too large, and of the first after it"
    layer.end()
    assert sender.core.missing == 0


def test_libsrtp_reads_what_a_link_sealed_itself_late_ones_wrapped_ones_and_resent_ones(bare: Bare) -> None:
    sender, sealing, plain = bare.link(), bare.link(), bare.link(seals=False)
    slots = [viewer.slot("video") for viewer in (sealing, plain)]
    sealing.core.number_departures(DEPARTURE_ID)
    track, layer = camera(sender, slots[0])
    track.route(slots)
    slots[1].aim(layer, cut=True)
    order = [0, 1, 2, 5, 4, 3, *range(6, 80_000, 300), 79_900, 79_850]
    for number in order:
        show(sender, number, keyframe=number == 0)
    first = [viewer.received() for viewer in (sealing, plain)]
    assert [[packet.payload for packet in packets] for packets in first] == [
        [vp8(picture=number & 0x7FFF, keyframe=number == 0, body=b"%d" % number) for number in order]
    ] * 2
    for slot, packets in zip(slots, first, strict=True):
        slot.resend([packet.sequence for packet in packets[-5:]], 0, NOW + SECOND_US)
    again = [[packet.payload[2:] for packet in viewer.received()] for viewer in (sealing, plain)]
    assert again == [[packet.payload for packet in packets[-5:]] for packets in first]
    assert sealing.core.failures == 0


def test_a_silent_link_neither_takes_nor_sends(bare: Bare) -> None:
    sender, viewer = bare.link(), bare.link()
    camera(sender, viewer.slot("video"))
    show(sender, 1, keyframe=True)
    viewer.core.silence()
    show(sender, 2)
    viewer.core.send_rtcp(REQUEST)
    viewer.core.report(1, NOW)
    assert len(viewer.received()) == 1
    sender.core.silence()
    show(sender, 3)
    assert sender.core.failures == 0
    assert sender.handed == []


def test_a_flood_of_checks_that_nobody_reads_fills_half_of_the_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stalled event loop meets: strangers who saw a name cannot keep others' RTCP out."""
    if CORES[0].marks[0].args[0]:
        pytest.skip("no native core")
    bare = Bare("native")
    assert isinstance(bare.core, NativeCore)
    with monkeypatch.context() as stalled:
        stalled.setattr(bare.core, "_fetch", lambda: False)
        for peer in range(40):
            bare.core.name_link(f"ours{peer}", theirs="theirs", password="password")
        for port in range(5_000):
            check = proving(b"password", USERNAME=f"ours{port % 40}:theirs")
            bare.core.feed(check, ("192.0.2.7", port), NOW + port // 2_000 * SECOND_US)
        refused = bare.core.untold
        assert refused > 0
        link = bare.link()
        bare.core.feed(link.far_tx.protect_rtcp(REQUEST), link.address, NOW)
        assert bare.core.untold == refused
    bare.core.feed(b"", ("192.0.2.7", 1), NOW)
    assert len(link.control) == 1, "of a peer that is known"
    assert len(bare.stun) == 5_000 - refused
    bare.close()
