"""Both cores tell the event loop the same of what strangers send, answer the same, and count the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server.sfu.core import CHECKS_MAX, HANDSHAKES_MAX, PROOFS_EVERY_US, PROOFS_MAX, CoreName
from tests.unit.sfu.bare import CORES, Bare, BareLink
from tests.unit.sfu.packets import INTEGRITY, USERNAME, stun_message

pytestmark = list(CORES[0].marks)  # without a native core there is nothing to compare

KNOWN = (0x0001, 0x0009, 0x0020, 0x0024, 0x0025, 0x8028, 0x8029, 0x802A, 0x7777, INTEGRITY, USERNAME)
PASSWORD = b"password"

values = st.one_of(st.binary(max_size=24), st.sampled_from([b"", bytes(4), bytes(8), bytes(20), b"ours:theirs"]))
attributes = st.lists(st.tuples(st.sampled_from(KNOWN), values), max_size=3)
names = st.sampled_from(
    [
        b"ours:theirs",
        b"ours:theirs",
        b"ours:theirs",
        b"ours:other",
        b"ours",
        b"nobody:theirs",
        b":theirs",
        b"\xc3\xa9:x",
    ]
)
checks = st.tuples(
    st.just("check"),
    st.sampled_from([0x0001, 0x0001, 0x0001, 0x0101, 0x0111, 0x0003]),
    names,
    attributes,
    st.sampled_from([PASSWORD, PASSWORD, PASSWORD, b"guessed"]),
    st.lists(st.tuples(st.sampled_from([0x8028, 0x8028, 0x0025, 0x7777]), values), max_size=2),
)
as_browsers_send_them = st.builds(
    lambda password, more: (
        "check",
        0x0001,
        b"ours:theirs",
        [(0x0024, bytes(4)), *more],
        password,
        [(0x8028, bytes(4))],
    ),
    st.sampled_from([PASSWORD, PASSWORD, b"guessed"]),
    st.sampled_from([[], [(0x802A, bytes(8)), (0x0025, b"")], [(0x8029, bytes(8))]]),
)
steps = st.tuples(
    st.one_of(
        checks,
        as_browsers_send_them,
        st.tuples(st.just("raw"), st.binary(max_size=60)),
        st.tuples(st.just("raw"), st.builds(lambda data: b"\x16\xfe\xfd" + data, st.binary(min_size=9, max_size=40))),
    ),
    st.integers(0, 2),
    st.sampled_from([1, 1, 1, CHECKS_MAX - 1, 2 * HANDSHAKES_MAX, PROOFS_MAX // 2]),
    st.sampled_from([0, 0, PROOFS_EVERY_US, 400_000, 1_000_000]),
)


class Port:
    """A peer that is known by a name and an address, and two addresses that are nobody's, or not where it is."""

    def __init__(self, name: CoreName) -> None:
        self.bare = Bare(name)
        self.link: BareLink = self.bare.link()
        self.bare.core.name_link("ours", theirs="theirs", password=PASSWORD.decode())
        self.link.core.answer_checks("ours:theirs", PASSWORD.decode())
        self.link.core.admit(("2001:db8::7", 4_000, 0, 0))
        self.places = [self.link.address, ("2001:db8::7", 4_000, 0, 0), ("192.0.2.7", 4_000)]
        self.now_us = 5_000_000

    def do(self, what: tuple[Any, ...], place: int, times: int, passed_us: int) -> None:
        self.now_us += passed_us
        data = what[1] if what[0] == "raw" else stun_message(*what[1:])
        for _ in range(times):
            self.bare.feed(data, self.places[place], self.now_us)

    def seen(self) -> dict[str, Any]:
        core = self.bare.core
        return {
            "told": self.bare.stun,
            "dtls": self.link.dtls,
            "sent": self.bare.sent,
            "figures": (core.strays, core.untold, self.link.core.heard_us, self.link.core.failures),
        }


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=1, max_size=8))
def test_what_is_told_and_answered_is_the_same(course: list[tuple[Any, ...]]) -> None:
    native, python = Port("native"), Port("python")
    try:
        for step in course:
            native.do(*step)
            python.do(*step)
            assert native.seen() == python.seen(), step
    finally:
        native.bare.close()
        python.bare.close()
