"""An audit packet: everything that proves one person's hours, in one file whose every part can be checked.

    README.txt  statement.pdf  verification.txt  entries.json
    sessions/2026-11-24-s-1/   note.pdf  note.json  attendance.json  rules.json  fhir.json
    manifest.json              SHA-256 of every other file

It names nobody else of the group. The same record gives the same bytes, but for when it was made and by whom.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from textwrap import fill
from typing import Any, Final

from facilitation.notes import content_hash
from server.store import chain
from server.web.words import Words, marked

MANIFEST: Final = "manifest.json"
ENTRIES: Final = "entries.json"
FORMAT: Final = 1
BYTES_MAX: Final = 200_000_000
FILES_MAX: Final = 2_000
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold: the same for all, so that the same parts give the same file."""

CONTENTS: Final = (
    ("statement.pdf", marked("the hours that were posted, entry by entry")),
    (
        "entries.json",
        marked("the same as they stand in the ledger: each line, its hash, and the hash of the line before it"),
    ),
    (
        "verification.txt",
        marked("what checking the whole ledger against the session logs gave when this was made, in English"),
    ),
    (
        "sessions/",
        marked(
            "for each session: the signed note (PDF, and the very data that was signed), how the minutes came about, "
            "the rules that counted them, and the same as FHIR R4"
        ),
    ),
    (
        "part-2-consent.txt",
        marked("where records under 42 CFR Part 2 are in it: the statement that goes with them, and the consent"),
    ),
    (MANIFEST, marked("the SHA-256 fingerprint of every file")),
)
COLUMN: Final = 19
WIDTH: Final = 120


def read_me(words: Words, notice: str) -> str:
    """What is in a packet, and how to check it. `notice`: the statement of 42 CFR 2.32, as the rule words it."""
    holds = words(
        "This packet holds what a clinic's records say of one person's sessions on the days named in {manifest}.",
        manifest=MANIFEST,
    )
    by_hand = words(
        "By hand: compare sha256sum FILE with {manifest}; an entry's hash is the SHA-256 of the one before it, a line "
        "feed, and its line",
        manifest=MANIFEST,
    )
    contents = [
        fill(words(what), WIDTH, initial_indent=name.ljust(COLUMN), subsequent_indent=" " * COLUMN)
        for name, what in CONTENTS
    ]
    check = [words("Check it: python -m server packet FILE"), fill(by_hand, WIDTH)]
    return "\n\n".join([fill(holds, WIDTH), "\n".join(contents), "\n".join(check), notice]) + "\n"


def pack(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """A zip file of `files` with a manifest of their fingerprints and `about` (JSON values)."""
    fingerprints = {name: sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest = {"format": FORMAT, **about, "files": fingerprints}
    whole = {MANIFEST: json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False).encode(), **files}
    return zipped(whole)


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, files[name])
    return made.getvalue()


def troubles(packet: bytes) -> list[str]:
    """What is wrong with a packet, in sentences; nothing if every part is as it was made."""
    try:
        with zipfile.ZipFile(io.BytesIO(packet)) as archive:
            infos = archive.infolist()
            if len(infos) > FILES_MAX or sum(info.file_size for info in infos) > BYTES_MAX:
                return ["It is larger than any packet of Milieu."]
            names = [info.filename for info in infos]
            if len(set(names)) != len(names):
                return ["It holds two files of one name."]
            files = {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, EOFError):  # RuntimeError: also a way of packing
        # that this Python does not know, or a password
        return ["It is not a zip file, or a damaged one."]
    try:
        manifest = json.loads(files.pop(MANIFEST))
        wanted = {str(name): str(print_) for name, print_ in manifest["files"].items()}
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return ["It has no manifest that can be read."]
    found = [f"{name} is missing." for name in sorted(wanted.keys() - files.keys())]
    found += [f"{name} is not in the manifest." for name in sorted(files.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & files.keys()):
        if sha256(files[name]).hexdigest() != wanted[name]:
            found.append(f"{name} is not what was packed.")
        elif name.endswith("/note.json"):
            found += _note_troubles(name, files[name])
        elif name == ENTRIES:
            found += _entry_troubles(files[name])
    return found


def _note_troubles(name: str, data: bytes) -> list[str]:
    """The manifest may have been written anew; a note still carries the fingerprint that was signed."""
    try:
        note = json.loads(data)
        right = content_hash(note["content"]) == note["content_hash"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return [f"{name} cannot be read."]
    return [] if right else [f"{name}: the content is not the one that was signed."]


def _entry_troubles(data: bytes) -> list[str]:
    """Each entry of the ledger carries the hash of the one before it, which must be that one's."""
    try:
        entries = json.loads(data)
        wrong = [
            f"{ENTRIES}: entry {each['number']} is not the one that was posted."
            for each in entries
            if chain.link(each["previous"], each["line"].encode()) != each["hash"]
        ]
        torn = [
            f"{ENTRIES}: entry {after['number']} does not follow from entry {before['number']}."
            for before, after in pairwise(entries)
            if after["number"] == before["number"] + 1 and after["previous"] != before["hash"]
        ]
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return [f"{ENTRIES} cannot be read."]
    return wrong + torn
