"""A signed note as a paper: from what was frozen in the log, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from facilitation.disclosures import PART_2_NOTICE
from facilitation.facts import duration_text
from facilitation.ids import PersonId
from facilitation.notes import Notes
from facilitation.state import RoomState
from facilitation.timebase import Instant
from server.documents.paper import moment, said
from server.web.words import Words

PARTS: Final = "Parts attended"
"""The fact that the table of segments says better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Whose paper it is. `names`: people by id, for those who signed, co-signed or added something. `words`: of the
    language it is in; what was signed stays as it was signed."""

    clinic: str
    names: Mapping[PersonId, str]
    words: Words


def note_data(state: RoomState, person: PersonId, letterhead: Letterhead) -> dict[str, Any]:
    """What note.typ shows of one signed note. Raises KeyError: nobody signed one for this person."""
    notes, words = state.notes, letterhead.words
    signed = notes.signed[person]
    content: Mapping[str, Any] = signed.content
    session = content["session"]
    zone = session["zone"]
    name = content["person"]["name"]
    written: Mapping[str, Any] = content.get("note") or {"title": "Note", "sections": ()}
    programme: Mapping[str, Any] = content.get("programme") or {}
    return {
        "title": words("Progress note: {name}, {session}", name=name, session=session["title"]),
        "heading": words("Progress note: {name}", name=name),
        "said": _said(words),
        "clinic": letterhead.clinic,
        "notice": PART_2_NOTICE if programme.get("part2") else "",
        "marks": f"{session['session']} · {content['person']['person']} · "
        + words("note {hash}", hash=signed.content_hash[:12]),
        "facts": [
            {
                "label": words("Person"),
                "value": words("{name} (record {person})", name=name, person=content["person"]["person"]),
            },
            *(
                [{"label": words("Program"), "value": words.gettext(programme["title"])}]
                if programme.get("title")
                else []
            ),
            *(
                {"label": words.gettext(each["label"]), "value": each["value"]}
                for each in content["facts"]
                if not (content["segments"] and each["label"] == PARTS)
            ),
        ],
        "segments": [_segment(each, words) for each in content["segments"]],
        "corrections": [_correction(each, zone, words) for each in content.get("corrections", ())],
        "goals": [goal["text"] for goal in content.get("goals", ())],
        "group_text": content["group_text"],
        "note_title": words("{format} note", format=written["title"]) if written["sections"] else words("Note"),
        "text": content["text"],
        "sections": [{"title": words.gettext(each["title"]), "text": each["text"]} for each in written["sections"]],
        "signatures": _signatures(notes, person, content, zone, letterhead),
        "amendments": [
            words(
                "{name}, {when}: {minutes} min count now. {reason}",
                name=_name(each.by, letterhead),
                when=moment(each.at, zone, words),
                minutes=each.figure("countable_min"),
                reason=each.reason,
            )
            for each in state.corrections.amendments(person)
        ],
        "addenda": [
            {
                "heading": f"{_name(each.by, letterhead)}, {moment(each.at, zone, words)}",
                "text": each.text,
            }
            for each in notes.addenda_of(person)
        ],
        "fingerprint": signed.content_hash,
    }


def _segment(each: Mapping[str, Any], words: Words) -> dict[str, str]:
    return {
        "title": words.gettext(each["title"]),
        "ran": duration_text(each["ran_ms"]),
        "attended": duration_text(each["attended_ms"]),
        "counts": words("yes") if each["counts"] else words("no"),
    }


def _correction(each: Mapping[str, Any], zone: str, words: Words) -> str:
    return words(
        "{start} to {end}: {what}. {reason}",
        start=moment(each["start"], zone, words),
        end=moment(each["end"], zone, words),
        what=words("counted as present" if each["present"] else "counted as away"),
        reason=each["reason"],
    )


def _said(words: Words) -> dict[str, Any]:
    return said(
        words,
        parts=words("Parts of the session"),
        part=words("Part"),
        ran=words("It ran"),
        attended=words("Attended"),
        counts=words("Counts"),
        corrections=words("Corrections of attendance"),
        goals=words("Goals of treatment addressed"),
        group=words("The group"),
        nothing=words("Nothing was written."),
        empty=words("Left empty."),
        signatures=words("Signatures"),
        amended=words("Hours amended after signing"),
        addenda=words("Addenda"),
        fingerprint=words("The note was frozen when it was signed. Fingerprint (SHA-256 of its content):"),
    )


def _signatures(
    notes: Notes, person: PersonId, content: Mapping[str, Any], zone: str, letterhead: Letterhead
) -> Sequence[dict[str, str]]:
    by, words = content["signed_by"], letterhead.words
    lines = [
        {
            "name": by["name"],
            "role": words.gettext(by["role"]),
            "what": words("Signed electronically {when}", when=moment(Instant(content["signed_at"]), zone, words)),
        }
    ]
    cosigned = notes.cosigned.get(person)
    if cosigned is not None:
        lines.append(
            {
                "name": _name(cosigned.by, letterhead),
                "role": words("supervisor"),
                "what": words("Co-signed electronically {when}", when=moment(cosigned.at, zone, words)),
            }
        )
    elif (content.get("programme") or {}).get("cosign"):
        lines.append({"name": words("Co-signature"), "role": words("supervisor"), "what": words("Not yet co-signed")})
    return lines


def _name(person: PersonId | None, letterhead: Letterhead) -> str:
    return "" if person is None else letterhead.names.get(person, person)
