"""The file of a checkpoint: anyone can compute its hash anew, and no change of it goes unseen."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.timebase import Instant
from server.store import checkpoint
from server.store.checkpoint import BadCheckpoint, ChainHead, Checkpoint

TAKEN = Instant(1_795_561_200_000)
HEADS = {
    "p-sam": ChainHead(number=2, hash="b" * 64),
    "p-robin": ChainHead(number=3, hash="a" * 64),
}
MADE = Checkpoint(clinic="demo", taken=TAKEN, heads=HEADS)
heads = st.builds(ChainHead, number=st.integers(1, 10**15), hash=st.text("0123456789abcdef", min_size=64, max_size=64))


def test_the_file_is_small_plain_and_sorted() -> None:
    assert checkpoint.write(MADE).decode() == (
        "milieu checkpoint 1\n"
        'clinic "demo"\n'
        "entries 5\n"
        f'3 {"a" * 64} "p-robin"\n'
        f'2 {"b" * 64} "p-sam"\n'
        f"sha256 {MADE.hash}\n"
        "taken 2026-11-24T23:00:00Z\n"
    )


def test_the_hash_is_that_of_the_lines_above_it() -> None:
    above, _, _ = checkpoint.write(MADE).partition(b"sha256 ")
    assert sha256(above).hexdigest() == MADE.hash


def test_the_same_ledger_has_the_same_hash_whenever_it_is_taken() -> None:
    assert Checkpoint(clinic="demo", taken=Instant(TAKEN + 5_000), heads=HEADS).hash == MADE.hash
    assert Checkpoint(clinic="other", taken=TAKEN, heads=HEADS).hash != MADE.hash


@given(st.dictionaries(st.text(), heads, max_size=5))
def test_what_is_written_is_read_whatever_ids_people_have(some: dict[str, ChainHead]) -> None:
    made = Checkpoint(clinic="demo", taken=TAKEN, heads=some)
    assert checkpoint.read(checkpoint.write(made)) == made


@given(st.data())
def test_no_byte_of_it_can_be_changed_before_its_time(data: st.DataObject) -> None:
    written = bytearray(checkpoint.write(MADE))
    place = data.draw(st.integers(0, written.index(b"taken") - 2))
    written[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != written[place]))
    with pytest.raises(BadCheckpoint):
        checkpoint.read(bytes(written))


@given(st.binary())
def test_rubbish_is_refused(data: bytes) -> None:
    with pytest.raises(BadCheckpoint):
        checkpoint.read(data)


@pytest.mark.parametrize(
    "changed",
    [
        checkpoint.write(MADE)[:-1],
        checkpoint.write(MADE) + b"\n",
        checkpoint.write(MADE).replace(b"taken 2026", b"taken 20x6"),
        checkpoint.write(MADE).replace(b"T23:00:00Z", b"T23:00:00.5Z"),
        checkpoint.write(MADE).replace(b"checkpoint 1", b"checkpoint 2"),
        b"milieu checkpoint 1\nclinic 3\nentries 0\nsha256 x\ntaken 2026-11-24T23:00:00Z\n",
    ],
)
def test_what_is_cut_off_added_or_of_another_version_is_refused(changed: bytes) -> None:
    with pytest.raises(BadCheckpoint, match=r"^It "):
        checkpoint.read(changed)
