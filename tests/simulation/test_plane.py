"""Rooms of the media plane in every weather, in virtual time, by either core: pictures seldom stand, and never lie.

That numbers, times and pictures run on without a seam is checked at every packet (`tests.simulation.plane.Screen`).
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from unittest import mock

import pytest

from server.sfu.core import CoreName
from server.sfu.router import KEYFRAMES_SPREAD_US, Room
from tests.simulation.link import Weather
from tests.simulation.plane import FRAME_US, HEIGHTS, RIDS, Hall
from tests.unit.sfu.bare import CORES

PEOPLE = ("ada", "ben", "cleo")
RATE = 1_000_000 / FRAME_US
TICK_US = 20_000
BEGINNING_S = 4
"""Until then links are being measured."""

STILL_MS = {
    "calm": (Weather(), 150),
    "2 % loss": (Weather(loss=0.02), 600),
    "5 % loss": (Weather(loss=0.05), 1_000),
    "5 % loss and jitter": (Weather(loss=0.05, jitter_us=60_000), 1_500),
    "10 % loss": (Weather(loss=0.1), 1_500),
    "20 % loss": (Weather(loss=0.2), 4_000),
    "bursts": (Weather(burst_begins=0.01, burst_ends=0.2), 1_000),
    "jitter": (Weather(jitter_us=120_000), 1_000),
    "copies": (Weather(copies=0.1, jitter_us=10_000), 600),
    "a narrow link": (Weather(rate_bps=900_000), 1_000),
}
"""The longest time a picture may stand still, to or from somebody whose network does this both ways."""


def everybody(core: CoreName, *, seed: int, cleo: Weather | None = None, height: int = 540) -> Hall:
    """A room of three; Cleo's network is that of the test, both ways."""
    hall = Hall(core, seed=seed)
    for name in PEOPLE:
        weather = cleo if name == "cleo" and cleo is not None else Weather()
        # A browser would send less on a narrow way; these do not.
        hall.join(name, up=replace(weather, rate_bps=None), down=replace(weather))
    for seat in hall.seats.values():
        seat.wish(height)
    return hall


def stills_ms(hall: Hall, seconds: float) -> dict[tuple[str, str], int]:
    """Per viewer and source: how long the picture stood still at most in the last seconds."""
    now_us = hall.now_us()
    found = {}
    for viewer, source in itertools.permutations(hall.seats, 2):
        screen = hall.seats[viewer].screen(source)
        if screen is not None and hall.seats[source].is_sending:
            found[viewer, source] = screen.longest_still_us(now_us - round(seconds * 1_000_000), now_us) // 1_000
    return found


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("weather", STILL_MS)
def test_no_picture_stands_still_for_long(weather: str, core: CoreName) -> None:
    conditions, bound_ms = STILL_MS[weather]
    hall = everybody(core, seed=1, cleo=conditions)
    hall.run(15)
    stills = stills_ms(hall, 15 - BEGINNING_S)
    assert len(stills) == 6, "everybody sees everybody"
    assert max(stills.values()) <= bound_ms
    for viewer in ("ada", "ben"):
        # Nobody else has anything of it.
        assert stills[viewer, "ben" if viewer == "ada" else "ada"] <= 150


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(2))
def test_a_newcomer_sees_everybody_at_once_and_disturbs_nobody(seed: int, core: CoreName) -> None:
    height = (540, 135)[seed]  # links of which more is known than is needed, and of which nothing is
    hall = everybody(core, seed=seed, height=height)
    hall.run(5)
    sizes = {}
    for viewer, of in itertools.permutations(PEOPLE, 2):
        shown = hall.seats[viewer].screen(of)
        assert shown is not None
        sizes[viewer, of] = shown.decoded[-1][2]
    for number in range(3):
        name = f"dora{number}"[-4:]
        seat = hall.join(name, layers=1 + number)
        hall.run(0.5)
        for source in PEOPLE:
            screen = seat.screen(source)
            assert screen is not None
            assert screen.decoded, f"{source} is not seen yet"
        for viewer, of in itertools.permutations(PEOPLE, 2):
            shown = hall.seats[viewer].screen(of)
            assert shown is not None
            assert shown.decoded[-1][2] == sizes[viewer, of], "somebody's picture became smaller"
            assert shown.rate(hall.now_us() - 500_000, hall.now_us()) >= RATE - 2, "somebody's picture became slower"
        hall.leave(name)
        del hall.seats[name]
        hall.run(0.5)
    assert max(stills_ms(hall, 3).values()) <= 150


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize(
    ("weather", "within_s"),
    [("5 % loss and jitter", 1.0), ("10 % loss", 1.0), ("bursts", 1.0), ("copies", 0.6), ("a narrow link", 1.0)],
)
def test_a_newcomer_with_a_bad_network_sees_and_is_seen_soon(weather: str, within_s: float, core: CoreName) -> None:
    conditions, _ = STILL_MS[weather]
    hall = everybody(core, seed=8)
    hall.run(4)
    began_us = hall.now_us()
    dora = hall.join("dora", up=replace(conditions, rate_bps=None), down=replace(conditions))
    hall.run(within_s)
    for viewer, source in [(name, "dora") for name in PEOPLE] + [("dora", name) for name in PEOPLE]:
        screen = hall.seats[viewer].screen(source)
        assert screen is not None
        assert any(name == source for _, name, *_ in screen.decoded), f"{viewer} does not see {source} yet"
        assert any(name == source and at >= began_us for (name, _), at in hall.seats[viewer].heard.items())
    hall.run(2)
    stills = stills_ms(hall, within_s + 2)
    assert all(still <= 150 for (viewer, source), still in stills.items() if dora.name not in (viewer, source))


@pytest.mark.parametrize("core", CORES)
def test_in_a_large_room_nobody_is_left_out_for_whom_the_way_loses_a_fifth(core: CoreName) -> None:
    hall = Hall(core, seed=1)
    for number in range(11):
        hall.join(f"p{number}", layers=2, slots=12)
    hall.run(3)
    weather = Weather(loss=0.2)
    dora = hall.join("dora", up=weather, down=replace(weather), layers=2, slots=12)
    for _ in range(60):
        hall.run(0.1)
        assert len(dora.shown) == 11
    assert max(still for (viewer, _), still in stills_ms(hall, 3).items() if viewer == "dora") <= 2_000


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(8))
def test_a_newcomer_whose_way_loses_a_fifth_sees_and_is_seen_within_two_seconds(seed: int, core: CoreName) -> None:
    hall = everybody(core, seed=seed)
    hall.run(4)
    weather = Weather(loss=0.2)
    dora = hall.join("dora", up=weather, down=replace(weather))
    dora.wish((540, 135)[seed % 2])
    hall.run(2)
    for viewer, source in [(name, "dora") for name in PEOPLE] + [("dora", name) for name in PEOPLE]:
        screen = hall.seats[viewer].screen(source)
        assert screen is not None
        assert any(name == source for _, name, *_ in screen.decoded), f"{viewer} does not see {source} yet"
    hall.run(4)
    stills = stills_ms(hall, 4)
    assert max(still for pair, still in stills.items() if "dora" in pair) <= 2_000
    assert all(still <= 150 for pair, still in stills.items() if "dora" not in pair)


STEPS = ((2_000_000, 4, 250), (600_000, 6, 1_500), (250_000, 8, 1_000), (1_500_000, 10, 1_000), (5_000_000, 10, 500))
"""Bits a second, for how many seconds, and the longest time in ms that a picture on a screen may stand still then."""


@pytest.mark.parametrize("core", CORES)
def test_steps_of_bandwidth_down_and_up_leave_the_pictures_that_are_shown_moving(core: CoreName) -> None:
    hall = everybody(core, seed=9)
    hall.run(6)
    cleo = hall.seats["cleo"]
    for rate_bps, seconds, bound_ms in STEPS:
        cleo.down.weather.rate_bps = rate_bps
        hall.run(seconds)
        stills = stills_ms(hall, seconds)
        assert max(still for (viewer, _), still in stills.items() if viewer != "cleo") <= 150
        shown = [still for (viewer, _), still in stills.items() if viewer == "cleo"]
        assert shown
        assert max(shown) <= bound_ms, f"at {rate_bps} bit/s"


@pytest.mark.parametrize("core", CORES)
def test_a_newcomer_to_many_gets_their_keyframes_one_after_the_other(core: CoreName) -> None:
    hall = Hall(core, seed=6)
    others = [hall.join(f"p{number}", layers=2, slots=9) for number in range(8)]
    hall.run(3)
    began_us = hall.now_us()
    newcomer = hall.join("dora", layers=2, slots=9)
    hall.run(0.4)
    asked = sorted(seat.asked_us - began_us for seat in others)
    way_us = 10_000
    assert asked[-1] <= KEYFRAMES_SPREAD_US + TICK_US + way_us
    together = max(sum(abs(at - other) < TICK_US // 2 for other in asked) for at in asked)
    assert together <= 2, "not all at once"
    for seat in others:
        screen = newcomer.screen(seat.name)
        assert screen is not None
        assert screen.decoded


@pytest.mark.parametrize("core", CORES)
def test_layers_switch_without_a_seam(core: CoreName) -> None:
    hall = everybody(core, seed=3)
    hall.run(4)
    screen = hall.seats["ada"].screen("ben")
    assert screen is not None
    for height in (135, 540, 270, 135, 270, 540) * 2:
        hall.seats["ada"].wish(height)
        hall.run(1)
        assert screen.decoded[-1][2] == HEIGHTS.index(height), f"not {RIDS[HEIGHTS.index(height)]}"
    assert max(stills_ms(hall, 12).values()) <= 250
    numbers = [frame for _, _, _, frame in screen.decoded]
    assert numbers == sorted(set(numbers)), "a picture twice, or time goes back"


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(2))
def test_what_nobody_watches_is_not_sent_and_comes_back_at_once(seed: int, core: CoreName) -> None:
    hall = everybody(core, seed=seed)
    hall.run(6)  # Ada's link is known to bear large pictures.
    for seat in hall.seats.values():
        seat.wish(135)
    hall.run(6)
    ben = hall.seats["ben"]
    screen = hall.seats["ada"].screen("ben")
    assert screen is not None
    assert [seat.sends for seat in hall.seats.values()] == [1, 1, 1]
    for height in (540, 270):
        sent = ben.up.sent
        hall.run(2)
        assert ben.up.sent - sent < 2 * (50 + 2 * 1_000_000 / FRAME_US + 30), "sound, the small picture, reports"
        hall.seats["ada"].wish(height)
        hall.run(0.3)
        assert screen.decoded[-1][2] == HEIGHTS.index(height), "the larger picture is not there yet"
        hall.run(1)
        assert ben.sends == HEIGHTS.index(height) + 1
        hall.seats["ada"].wish(135)
        hall.run(4)
        assert ben.sends == HEIGHTS.index(height) + 1, "people look here and there"
        hall.run(2)
        assert [seat.sends for seat in hall.seats.values()] == [1, 1, 1]
    assert max(stills_ms(hall, 16).values()) <= 150


@pytest.mark.parametrize("core", CORES)
def test_who_sends_no_larger_layer_though_it_is_asked_for_is_seen_on(core: CoreName) -> None:
    hall = everybody(core, seed=2, height=135)
    hall.run(8)
    ben = hall.seats["ben"]
    ben.need = lambda layers: None
    hall.seats["ada"].wish(540)
    hall.run(1)
    dora = hall.join("dora")
    dora.wish(540)
    hall.run(0.5)
    for viewer in (hall.seats["ada"], dora):
        screen = viewer.screen("ben")
        assert screen is not None
        assert screen.decoded[-1][2] == 0
    hall.run(4)
    assert max(stills_ms(hall, 3).values()) <= 150


@pytest.mark.parametrize("core", CORES)
def test_in_a_calm_room_it_is_seen_soon_that_a_layer_ceased_or_began(core: CoreName) -> None:
    hall = everybody(core, seed=2)
    hall.run(12)
    ada, ben, screen = hall.seats["ada"], hall.seats["ben"], hall.seats["ada"].screen("ben")
    assert screen is not None
    looks = []
    with mock.patch.object(Room, "_measure", lambda room, peers, now_us: looks.append(now_us)):
        hall.run(1)
    assert len(looks) <= 2, "it is calm"
    ben.sends = 1  # Of himself, as a browser does whose machine or way is too slow.
    hall.run(2)
    assert screen.decoded[-1][2] == 0
    assert stills_ms(hall, 2)["ada", "ben"] <= 1_000
    hall.run(6)
    ben.sends = 3
    hall.run(4)
    assert screen.decoded[-1][2] == 2
    assert ada.peer.delivery.is_content


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(2))
def test_after_an_outage_pictures_are_back_within_a_second(seed: int, core: CoreName) -> None:
    hall = everybody(core, seed=seed)
    hall.run(6)
    cleo = hall.seats["cleo"]
    for seconds in (1, 3, 10):
        cleo.up.weather.is_cut = cleo.down.weather.is_cut = True
        hall.run(seconds)
        cleo.up.weather.is_cut = cleo.down.weather.is_cut = False
        back_us = hall.now_us()
        hall.run(1)
        for viewer, source in itertools.permutations(PEOPLE, 2):
            screen = hall.seats[viewer].screen(source)
            assert screen is not None, f"{viewer} has no {source}"
            assert any(at >= back_us for at, *_ in screen.decoded), f"{viewer} does not see {source} yet"
        assert cleo.peer.quality.word == "good", "what was before the outage is over"
        hall.run(2)


@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("seed", range(2))
def test_when_a_link_becomes_narrow_sound_comes_first_and_pictures_come_back_with_it(seed: int, core: CoreName) -> None:
    hall = everybody(core, seed=seed)
    hall.run(6)
    cleo = hall.seats["cleo"]
    cleo.down.weather.rate_bps = 250_000
    hall.run(4)
    heard = {ssrc: len(numbers) for ssrc, numbers in cleo.sounds.items()}
    hall.run(10)
    spoken = sorted(len(numbers) - heard[ssrc] for ssrc, numbers in cleo.sounds.items())[-2:]
    assert min(spoken) >= 0.97 * 10 * 50
    assert len(cleo.shown) >= 1, "one picture fits"
    cleo.down.weather.rate_bps = 5_000_000
    hall.run(45)
    for source in ("ada", "ben"):
        screen = cleo.screen(source)
        assert screen is not None
        assert screen.decoded[-1][2] == 2, "the large picture is back"


@pytest.mark.parametrize("core", CORES)
def test_many_small_tiles_show_half_as_many_pictures_but_for_who_speaks(core: CoreName) -> None:
    hall = Hall(core, seed=4)
    names = [f"p{number}" for number in range(7)]
    for name in names:
        hall.join(name, layers=2, slots=8).level = 127
    viewer = hall.seats["p0"]

    def rates() -> dict[str, float]:
        hall.run(3)
        found = {}
        for name in names[1:]:
            screen = viewer.screen(name)
            assert screen is not None
            found[name] = screen.rate(hall.now_us() - 2_000_000, hall.now_us())
        return found

    hall.run(3)
    viewer.wish(135)
    assert all(rate == pytest.approx(RATE / 2, abs=1) for rate in rates().values())
    hall.seats["p1"].level = 20
    found = rates()
    assert found.pop("p1") == pytest.approx(RATE, abs=1)
    assert all(rate == pytest.approx(RATE / 2, abs=1) for rate in found.values())
    viewer.wish(270)
    hall.run(2)
    assert all(rate == pytest.approx(RATE, abs=1) for rate in rates().values())
    assert max(stills_ms(hall, 9).values()) <= 300


@pytest.mark.parametrize("core", CORES)
def test_little_data_means_the_small_picture_and_audio_only_none(core: CoreName) -> None:
    hall = everybody(core, seed=5)
    hall.run(4)
    ada = hall.seats["ada"]
    ada.wish(540, mode="low_data")
    hall.run(4)
    for source in ("ben", "cleo"):
        screen = ada.screen(source)
        assert screen is not None
        assert screen.decoded[-1][2] == 0
        assert screen.rate(hall.now_us() - 2_000_000, hall.now_us()) == pytest.approx(RATE / 4, abs=1)
    ada.wish(540, mode="audio_only")
    hall.run(1)
    assert ada.shown == {}
    sent = ada.down.sent
    hall.run(2)
    assert ada.down.sent - sent < 2 * 130, "two voices and reports are all that comes"


@pytest.mark.parametrize("core", CORES)
def test_a_quiet_voice_is_heard_by_everybody_from_its_first_packet_on(core: CoreName) -> None:
    """However loud the others are, whatever a viewer wishes, and however little their link bears."""
    hall = Hall(core, seed=7)
    others = [hall.join(f"p{number}", layers=2, slots=12) for number in range(10)]
    robin = hall.join("r", layers=2, slots=12)
    robin.is_quiet, robin.level = True, 127
    others[1].wish(135, mode="low_data")
    others[2].wish(135, mode="audio_only")
    others[3].down.weather.rate_bps = 700_000
    others[4].wish(0)
    hall.run(12)
    late = hall.join("late", slots=12)
    hall.run(0.3)
    for _ in range(3):
        first, at_us = robin.speak_up(), hall.now_us()
        hall.run(1)
        for viewer in (*others, late):
            # Two ways of 20 ms, the next 20 ms of sound, and where the link is narrow what stands in its queue.
            bound_us = 250_000 if viewer is others[3] else 60_000
            assert viewer.heard["r", first] - at_us <= bound_us, viewer.name
            assert all(("r", first + each) in viewer.heard for each in range(40)), viewer.name
        robin.is_quiet, robin.level = True, 127
        hall.run(5)
