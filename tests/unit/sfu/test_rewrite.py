from __future__ import annotations

from server.sfu.rtp.packet import Outgoing
from server.sfu.rtp.rewrite import Rewriter
from server.sfu.rtp.vp8 import Vp8
from tests.unit.sfu.packets import vp8

FRAME_US = 66_667
FRAME_TICKS = 6_000


def video() -> Rewriter:
    return Rewriter(rate=90_000, keyframes=True, first_sequence=1_000, first_timestamp=5_000)


def frame(
    rewriter: Rewriter,
    stream: str,
    number: int,
    *,
    timestamp: int = 0,
    keyframe: bool = False,
    picture: int = 0,
    tl0: int = 0,
    now_us: int = 0,
    marker: bool = True,
) -> Outgoing | None:
    payload = vp8(picture=picture, tl0=tl0, keyframe=keyframe)
    return rewriter.push(
        stream,
        number=number,
        timestamp=timestamp,
        marker=marker,
        payload=payload,
        vp8=Vp8(payload),
        now_us=now_us,
    )


def picture_of(out: Outgoing | None) -> tuple[int | None, int | None]:
    assert out is not None
    read = Vp8(out.prefix + out.payload[out.skip :])
    return read.picture, read.tl0


def test_nothing_goes_out_before_a_keyframe_of_the_wanted_stream() -> None:
    rewriter = video()
    assert frame(rewriter, "a", 1, keyframe=True) is None
    rewriter.aim("a", cut=True)
    assert frame(rewriter, "a", 2) is None
    assert frame(rewriter, "b", 3, keyframe=True) is None
    assert rewriter.awaited == "a"
    out = frame(rewriter, "a", 4, keyframe=True)
    assert out is not None
    assert (out.sequence, out.timestamp) == (1_000, 5_000)
    assert rewriter.awaited is None


def test_a_layer_goes_on_until_the_keyframe_of_the_next_and_no_longer() -> None:
    rewriter = video()
    rewriter.aim("low", cut=True)
    frame(rewriter, "low", 10, keyframe=True, timestamp=100)
    rewriter.aim("high", cut=False)
    assert frame(rewriter, "low", 11, timestamp=100 + FRAME_TICKS, now_us=FRAME_US) is not None
    assert frame(rewriter, "high", 500) is None
    new = frame(rewriter, "high", 501, keyframe=True, timestamp=999, now_us=2 * FRAME_US)
    assert new is not None
    assert new.sequence == 1_002
    assert abs(new.timestamp - (5_000 + 2 * FRAME_TICKS)) <= 1
    assert frame(rewriter, "low", 12) is None


def test_another_person_is_cut_at_once() -> None:
    rewriter = video()
    rewriter.aim("ada", cut=True)
    frame(rewriter, "ada", 10, keyframe=True)
    rewriter.aim("ben", cut=True)
    assert frame(rewriter, "ada", 11) is None
    assert frame(rewriter, "ada", 12, keyframe=True) is None


def test_picture_numbers_run_on_over_a_seam() -> None:
    rewriter = video()
    rewriter.aim("a", cut=True)
    assert picture_of(frame(rewriter, "a", 1, keyframe=True, picture=32_767, tl0=255)) == (32_767, 255)
    assert picture_of(frame(rewriter, "a", 2, picture=0, tl0=0)) == (0, 0)
    rewriter.aim("b", cut=False)
    assert picture_of(frame(rewriter, "b", 1, keyframe=True, picture=900, tl0=90)) == (1, 1)
    assert picture_of(frame(rewriter, "b", 2, picture=902, tl0=91)) == (3, 2)


def test_a_frame_cut_off_by_a_seam_leaves_a_number_out() -> None:
    rewriter = video()
    rewriter.aim("a", cut=True)
    frame(rewriter, "a", 1, keyframe=True, marker=False)
    rewriter.aim("b", cut=False)
    out = frame(rewriter, "b", 7, keyframe=True)
    assert out is not None
    assert out.sequence == 1_002


def test_padding_leaves_no_gap_and_late_packets_keep_their_numbers() -> None:
    rewriter = video()
    rewriter.aim("a", cut=True)
    frame(rewriter, "a", 10, keyframe=True)
    rewriter.drop("a", 12)
    rewriter.drop("a", 14)
    sent = [frame(rewriter, "a", number) for number in (15, 13, 11)]
    assert [out.sequence for out in sent if out is not None] == [1_003, 1_002, 1_001]


def test_padding_that_comes_too_late_to_close_its_gap_changes_nothing() -> None:
    rewriter = video()
    rewriter.aim("a", cut=True)
    frame(rewriter, "a", 10, keyframe=True)
    frame(rewriter, "a", 12)
    rewriter.drop("a", 11)
    out = frame(rewriter, "a", 13)
    assert out is not None
    assert out.sequence == 1_003


def test_sender_reports_align_layers_and_are_not_believed_when_absurd() -> None:
    for shift, expected in ((-40_000 + 7_000, 7_000), (500_000, FRAME_TICKS)):
        rewriter = video()
        rewriter.aim("low", cut=True)
        frame(rewriter, "low", 1, keyframe=True, timestamp=0)
        rewriter.aim("high", cut=False, clock_shift=shift)
        out = frame(rewriter, "high", 1, keyframe=True, timestamp=40_000, now_us=FRAME_US)
        assert out is not None
        assert abs(out.timestamp - (5_000 + expected)) <= 1


def test_a_seam_never_steps_back_in_time() -> None:
    rewriter = video()
    rewriter.aim("low", cut=True)
    frame(rewriter, "low", 1, keyframe=True, timestamp=10_000)
    rewriter.aim("high", cut=False, clock_shift=-50)
    out = frame(rewriter, "high", 1, keyframe=True, timestamp=10_000)
    assert out is not None
    assert out.timestamp == 5_001


def test_audio_switches_with_the_next_packet_and_marks_it() -> None:
    rewriter = Rewriter(rate=48_000, keyframes=False, first_sequence=2, first_timestamp=2**32 - 960)
    rewriter.aim("a", cut=True)
    for number, now_us in ((7, 0), (8, 20_000)):
        out = rewriter.push(
            "a", number=number, timestamp=number * 960, marker=False, payload=b"o", vp8=None, now_us=now_us
        )
    rewriter.aim("b", cut=True)
    other = rewriter.push("b", number=99, timestamp=123_456, marker=False, payload=b"o", vp8=None, now_us=60_000)
    assert out is not None
    assert other is not None
    assert (out.sequence, out.timestamp, out.marker) == (3, 0, False)
    assert (other.sequence, other.timestamp, other.marker) == (4, 1_920, True)


def test_the_clock_of_a_slot_runs_on_between_packets() -> None:
    rewriter = video()
    rewriter.aim("a", cut=True)
    frame(rewriter, "a", 1, keyframe=True, now_us=1_000_000)
    assert rewriter.timestamp_at(1_500_000) == 5_000 + 45_000


def thin(rewriter: Rewriter, number: int, *, temporal: int, sync: bool = False, keyframe: bool = False) -> bool:
    """Whether a picture of one packet goes out; its number is the packet's."""
    payload = vp8(picture=number, temporal=temporal, sync=sync, keyframe=keyframe, tl0=0)
    return rewriter.push("a", number, number * 3_000, True, payload, Vp8(payload), 0) is not None


def test_what_comes_late_is_left_out_if_its_layer_came_back_only_after_it() -> None:
    rewriter = video()
    rewriter.aim("a", cut=True)
    rewriter.pace(1)
    assert thin(rewriter, 1, temporal=0, keyframe=True)
    assert not thin(rewriter, 2, temporal=2)
    assert thin(rewriter, 3, temporal=1)
    rewriter.pace(2)  # Picture 4, which builds on 2, comes late.
    assert thin(rewriter, 5, temporal=0)
    assert thin(rewriter, 6, temporal=2, sync=True)
    assert not thin(rewriter, 4, temporal=2)
    assert thin(rewriter, 8, temporal=2)
    assert thin(rewriter, 7, temporal=1), "this layer was there all the time"
