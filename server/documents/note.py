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
from server.documents.paper import moment

PARTS: Final = "Parts attended"
"""The fact that the table of segments says better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """Whose paper it is. `names`: people by id, for those who signed, co-signed or added something."""

    clinic: str
    names: Mapping[PersonId, str]


def note_data(state: RoomState, person: PersonId, letterhead: Letterhead) -> dict[str, Any]:
    """What note.typ shows of one signed note. Raises KeyError: nobody signed one for this person."""
    notes = state.notes
    signed = notes.signed[person]
    content: Mapping[str, Any] = signed.content
    session = content["session"]
    zone = session["zone"]
    name = content["person"]["name"]
    written: Mapping[str, Any] = content.get("note") or {"title": "Note", "sections": ()}
    programme: Mapping[str, Any] = content.get("programme") or {}
    return {
        "title": f"Progress note: {name}, {session['title']}",
        "heading": f"Progress note: {name}",
        "clinic": letterhead.clinic,
        "notice": PART_2_NOTICE if programme.get("part2") else "",
        "marks": f"{session['session']} · {content['person']['person']} · note {signed.content_hash[:12]}",
        "facts": [
            {"label": "Person", "value": f"{name} (record {content['person']['person']})"},
            *([{"label": "Programme", "value": programme["title"]}] if programme.get("title") else []),
            *(each for each in content["facts"] if not (content["segments"] and each["label"] == PARTS)),
        ],
        "segments": [_segment(each) for each in content["segments"]],
        "corrections": [_correction(each, zone) for each in content.get("corrections", ())],
        "goals": [goal["text"] for goal in content.get("goals", ())],
        "group_text": content["group_text"],
        "note_title": f"{written['title']} note" if written["sections"] else "Note",
        "text": content["text"],
        "sections": [{"title": each["title"], "text": each["text"]} for each in written["sections"]],
        "signatures": _signatures(notes, person, content, zone, letterhead),
        "amendments": [
            f"{_name(each.by, letterhead)}, {moment(each.at, zone)}: {each.figure('countable_min')} min count now. "
            f"{each.reason}"
            for each in state.corrections.amendments(person)
        ],
        "addenda": [
            {
                "heading": f"{_name(each.by, letterhead)}, {moment(each.at, zone)}",
                "text": each.text,
            }
            for each in notes.addenda_of(person)
        ],
        "fingerprint": signed.content_hash,
    }


def _segment(each: Mapping[str, Any]) -> dict[str, str]:
    return {
        "title": each["title"],
        "ran": duration_text(each["ran_ms"]),
        "attended": duration_text(each["attended_ms"]),
        "counts": "yes" if each["counts"] else "no",
    }


def _correction(each: Mapping[str, Any], zone: str) -> str:
    what = "counted as present" if each["present"] else "counted as away"
    return f"{moment(each['start'], zone)} to {moment(each['end'], zone)}: {what}. {each['reason']}"


def _signatures(
    notes: Notes, person: PersonId, content: Mapping[str, Any], zone: str, letterhead: Letterhead
) -> Sequence[dict[str, str]]:
    by = content["signed_by"]
    lines = [
        {
            "name": by["name"],
            "role": by["role"],
            "what": f"Signed electronically {moment(Instant(content['signed_at']), zone)}",
        }
    ]
    cosigned = notes.cosigned.get(person)
    if cosigned is not None:
        lines.append(
            {
                "name": _name(cosigned.by, letterhead),
                "role": "supervisor",
                "what": f"Co-signed electronically {moment(cosigned.at, zone)}",
            }
        )
    elif (content.get("programme") or {}).get("cosign"):
        lines.append({"name": "Co-signature", "role": "supervisor", "what": "Not yet co-signed"})
    return lines


def _name(person: PersonId | None, letterhead: Letterhead) -> str:
    return "" if person is None else letterhead.names.get(person, person)
