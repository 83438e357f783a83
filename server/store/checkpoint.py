"""A checkpoint: the ends of all hours chains of a clinic under one hash, to be kept where the server's owner cannot go.

The file, line by line, UTF-8 with a newline after each:

    milieu checkpoint 1
    clinic "demo"
    entries 2
    1 0f3c…64 hex digits… "p-robin"     number and hash of the last entry of a person's chain, a line a person,
    1 9be1…64 hex digits… "p-sam"       sorted by id (code points); ids are JSON strings of ASCII characters
    sha256 77aa…64 hex digits…          SHA-256 of all the lines above
    taken 2026-11-24T23:00:00Z          when; not hashed, so that the same ledger always has the same hash

Anyone can compute the hash anew: `sed '/^sha256 /,$d' FILE | sha256sum`. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from facilitation.timebase import Instant

FILE_BYTES_MAX = 64_000_000
_HEAD = re.compile(r'([1-9][0-9]{0,15}) ([0-9a-f]{64}) (".*")')


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """The last entry of one person's chain: its number, from 1, and its hash, which covers all before it."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What the ledger of `clinic` held when it was taken. `heads`: person → the end of their chain."""

    clinic: str
    taken: Instant
    heads: Mapping[str, ChainHead]

    @property
    def entries(self) -> int:
        return sum(head.number for head in self.heads.values())

    @property
    def hash(self) -> str:
        return sha256(_hashed(self)).hexdigest()


class BadCheckpoint(Exception):
    """The file is no checkpoint, or was changed; the text says where, in words for an operator."""


def write(checkpoint: Checkpoint) -> bytes:
    """The file."""
    return _hashed(checkpoint) + f"sha256 {checkpoint.hash}\ntaken {taken(checkpoint)}\n".encode()


def read(data: bytes) -> Checkpoint:
    """What `write` wrote. Raises BadCheckpoint for anything else, the smallest change included."""
    try:
        lines = data.decode("ascii").split("\n")
        first, clinic, _, *heads, total, when, end = lines
    except ValueError:
        raise BadCheckpoint("It is no checkpoint: it is too short, or not plain text.") from None
    if first != "milieu checkpoint 1" or end:
        raise BadCheckpoint("It is no checkpoint: it should begin with “milieu checkpoint 1” and end with its time.")
    try:
        found = Checkpoint(clinic=_named("clinic", clinic), taken=_instant(when), heads=dict(map(_head, heads)))
    except ValueError as error:
        raise BadCheckpoint(f"It cannot be read: {error}.") from error
    if total != f"sha256 {found.hash}":
        raise BadCheckpoint("It was changed: its hash is not that of its lines.")
    if write(found) != data:
        raise BadCheckpoint("It was changed: its lines are not as they were written.")
    return found


def taken(checkpoint: Checkpoint) -> str:
    """When, to the second, as it stands in the file: '2026-11-24T23:00:00Z'."""
    return datetime.fromtimestamp(checkpoint.taken // 1_000, UTC).isoformat().replace("+00:00", "Z")


def _hashed(checkpoint: Checkpoint) -> bytes:
    lines = ["milieu checkpoint 1", f"clinic {json.dumps(checkpoint.clinic)}", f"entries {checkpoint.entries}"]
    lines += [f"{head.number} {head.hash} {json.dumps(person)}" for person, head in sorted(checkpoint.heads.items())]
    return "".join(f"{line}\n" for line in lines).encode()


def _named(name: str, line: str) -> str:
    start, _, value = line.partition(" ")
    if start != name:
        raise ValueError(f"the line “{line[:80]}” should begin with “{name}”")
    return _text(value)


def _head(line: str) -> tuple[str, ChainHead]:
    parts = _HEAD.fullmatch(line)
    if parts is None:
        raise ValueError(f"the line “{line[:80]}” is not a number, a hash and a person")
    return _text(parts[3]), ChainHead(number=int(parts[1]), hash=parts[2])


def _text(value: str) -> str:
    text = json.loads(value)  # its errors are ValueErrors
    if not isinstance(text, str):
        raise ValueError(f"{value[:80]} is no text")
    return text


def _instant(line: str) -> Instant:
    start, _, value = line.partition(" ")
    if start != "taken" or not value.endswith("Z"):
        raise ValueError("its last line does not say when it was taken")
    return Instant(int(datetime.fromisoformat(value).timestamp()) * 1_000)
