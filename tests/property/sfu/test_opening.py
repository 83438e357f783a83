"""What the native core decrypts itself it takes and refuses as libsrtp does: copies, late ones, forged ones, wraps."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.sfu.core import UNPLACED_EVERY_US
from tests.unit.sfu.bare import CORES, Bare
from tests.unit.sfu.packets import rtp

pytestmark = list(CORES[0].marks)

steps = st.one_of(
    *[
        st.tuples(
            st.sampled_from(["send", "send", "hold"]),
            st.sampled_from([1, 2]) | st.integers(1, 1_030) | st.integers(1, 32_767),
            st.sampled_from([10, 20]),
        )
    ]
    * 2,
    st.tuples(st.just("again"), st.integers(0, 20)),
    st.tuples(st.just("bend"), st.integers(0, 20), st.integers(0, 60), st.integers(1, 255)),
    st.tuples(st.just("cut"), st.integers(0, 20), st.integers(0, 70)),
)


class Pair:
    """One sender, whose packets come to a link that opens them by itself and to one where libsrtp does."""

    def __init__(self, first: int) -> None:
        self.bare = Bare("native")
        self.links = [self.bare.link(seals=seals) for seals in (True, False)]
        self.far = self.links[0].far_tx
        self.next = {10: first, 20: first}
        self.sent: list[bytes] = []
        self.now_us = 1_000_000

    def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("send" | "hold" as what, ahead, ssrc):
                self.next[ssrc] += ahead
                extensions = {3: b"ab", 9: b"c"} if ahead % 2 else {}
                plain = rtp(sequence=self.next[ssrc], ssrc=ssrc, payload=b"x" * (ahead % 40), extensions=extensions)
                self.sent.append(self.far.protect(plain))
                if what == "send":
                    self.arrives(self.sent[-1])
            case ("again", back):
                self.arrives(*self.sent[-1 - back :][:1])
            case ("bend", back, at, change):
                for data in self.sent[-1 - back :][:1]:
                    at = min(at, len(data) - 1)
                    self.arrives(data[:at] + bytes([data[at] ^ change]) + data[at + 1 :])
            case ("cut", back, size):
                self.arrives(*[data[:size] for data in self.sent[-1 - back :][:1]])

    def arrives(self, *packets: bytes) -> None:
        self.now_us += UNPLACED_EVERY_US
        for data in packets:
            for link in self.links:
                self.bare.feed(data, link.address, self.now_us)

    def seen(self) -> list[tuple[Any, ...]]:
        return [
            (link.handed, link.dtls, link.core.failures, link.core.malformed, link.core.streams) for link in self.links
        ]


@settings(max_examples=150, deadline=None)
@given(first=st.sampled_from([0, 5, 30_000, 32_766, 64_000]), script=st.lists(steps, max_size=50))
@example(first=0, script=[("hold", 1, 10), ("send", 1_024, 10), ("again", 1)])
@example(first=0, script=[("hold", 1, 10), ("send", 1_023, 10), ("again", 1), ("again", 1)])
@example(first=64_000, script=[("send", 1, 10), ("hold", 1_500, 10), ("send", 100, 10), ("again", 1), ("again", 1)])
@example(first=40_000, script=[("send", 1, 10), *[("send", 32_767, 10), ("again", 1)] * 4])
def test_a_link_takes_and_refuses_what_libsrtp_does(first: int, script: list[tuple[Any, ...]]) -> None:
    pair = Pair(first)
    try:
        for step in script:
            pair.do(step)
            ours, theirs = pair.seen()
            assert ours == theirs, step
    finally:
        pair.bare.close()
