from __future__ import annotations

from server.sfu.rtp.speakers import HOLD_US, WINDOW_US, SpeakerMeter


def talk(meter: SpeakerMeter, level: int, start_us: int, for_us: int) -> int:
    meter.heard([(now, level) for now in range(start_us, start_us + for_us, 20_000)])
    return start_us + for_us


def test_silence_is_nobody_speaking() -> None:
    meter = SpeakerMeter()
    meter.heard([])
    assert meter.loudness(1_000_000) is None


def test_a_voice_is_speech_and_a_click_is_not() -> None:
    click, voice = SpeakerMeter(), SpeakerMeter()
    assert click.loudness(talk(click, 5, 0, 60_000)) is None
    assert voice.loudness(talk(voice, 20, 0, WINDOW_US)) is not None


def test_louder_is_louder() -> None:
    soft, loud = SpeakerMeter(), SpeakerMeter()
    quiet = soft.loudness(talk(soft, 40, 0, WINDOW_US))
    strong = loud.loudness(talk(loud, 10, 0, WINDOW_US))
    assert quiet is not None
    assert strong is not None
    assert 0 <= quiet < strong <= 127


def test_a_pause_between_words_is_still_speech_but_a_long_one_is_not() -> None:
    meter = SpeakerMeter()
    now = talk(meter, 20, 0, WINDOW_US)
    assert meter.loudness(now) is not None
    assert meter.loudness(now + HOLD_US // 2) is not None
    assert meter.loudness(now + HOLD_US + 20_000) is None
