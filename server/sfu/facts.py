"""What the media plane says and is told: coarse facts, one wish, one refusal.

`room`, `source` (a person) and `peer` (one WebRTC transport of theirs) are opaque strings. Instants are
milliseconds since 1970 by the wall clock that the plane was given.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from facilitation.timebase import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaConnected:
    """A peer finished ICE and DTLS, or came back after it was lost: media can flow."""

    room: str
    source: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLost:
    """A peer fell silent, failed or left; `heard` is its last authenticated packet."""

    room: str
    source: str
    peer: str
    heard: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsChanged:
    """Which source each receiving slot of one peer shows now. Keys are mids of its SDP."""

    room: str
    peer: str
    audio: dict[str, str]
    video: dict[str, str]
    screen: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakersChanged:
    """Loudness of the sources that speak now, 0 (just audible) … 127; absent = silent."""

    room: str
    levels: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityChanged:
    """How a peer's connection fares: 'good', 'weak' or 'poor', for its owner and facilitators. Whenever it connects,
    once more as well, it counts as good until this says otherwise.

    `direction` says which way is to blame: 'up' (what it sends), 'down' (what it receives), 'both' (or nobody can
    tell); '' while it is good.
    """

    room: str
    source: str
    peer: str
    quality: str
    direction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersNeeded:
    """How many layers of its camera, from the smallest, a peer need send: nobody watches the larger ones.

    At first all of them. One that is not needed any more may go on: it is only wasted.
    """

    room: str
    peer: str
    video: int


MediaFact = MediaConnected | MediaLost | SlotsChanged | SpeakersChanged | QualityChanged | LayersNeeded


class MediaRefused(Exception):
    """An offer could not be taken: `code` is stable, `text` is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What one viewer wants to receive: the height in pixels at which each source is shown.

    `heights` holds 0 for a hidden tile; a source that is not named counts as shown small.
    `mode` is 'normal', 'low_data' (lowest layer, few frames) or 'audio_only'. `screen`: whether a shared one is shown.
    """

    heights: dict[str, int]
    mode: str = "normal"
    screen: bool = True
