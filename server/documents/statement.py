"""A person's hours as a paper: the statement page's own figures, week by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from facilitation.disclosures import PART_2_NOTICE
from server.web import words


def statement_data(
    told: Mapping[str, Any], *, clinic: str, made: str, first: date | None, last: date | None
) -> dict[str, Any]:
    """What statement.typ shows. `told`: the statement page's data; entries of other days are left out."""
    person = told["person"]
    weeks = [week for each in told["weeks"] if (week := _week(each, first, last))["entries"]]
    entries = [entry for week in told["weeks"] for entry in week["entries"]]
    newest = max(entries, key=lambda entry: entry["number"], default=None)
    minutes = sum(entry["minutes"] for entry in entries if _within(date.fromisoformat(entry["day"]), first, last))
    return {
        "title": f"Hours of {person['name']}",
        "heading": f"Hours of {person['name']}",
        "clinic": clinic,
        "notice": PART_2_NOTICE,
        "marks": f"{person['person']} · made {made}",
        "facts": [
            {"label": "Days", "value": _days(first, last)},
            {"label": "Minutes that count", "value": _text(minutes)},
            {"label": "Entries", "value": str(sum(len(week["entries"]) for week in weeks))},
            {"label": "Times as in", "value": person["zone"]},
        ],
        "weeks": weeks,
        "fingerprint": newest["hash"] if newest else "none yet",
    }


def _week(week: Mapping[str, Any], first: date | None, last: date | None) -> dict[str, Any]:
    entries = [entry for entry in week["entries"] if _within(date.fromisoformat(entry["day"]), first, last)]
    whole = len(entries) == len(week["entries"])
    minutes = week["minutes"] if whole else sum(entry["minutes"] for entry in entries)
    target = week["target_text"] if whole and week["target"] else ""
    return {
        "label": _range(week),
        "minutes": _text(minutes),
        "aside": week["aside"] if whole else "",
        "target": target,
        "fraction": max(0.0, week["fraction"]),
        "picture": f"{_text(minutes)} of {target}",
        "entries": [_entry(entry) for entry in sorted(entries, key=lambda entry: entry["number"])],
        "rules": _rules(entries),
    }


def _range(week: Mapping[str, Any]) -> str:
    """'November 23 – 29, 2026': a paper is read when nobody knows any more what 'this week' was."""
    first, last = date.fromisoformat(week["from"]), date.fromisoformat(week["to"])
    so_far = " (so far)" if week["current"] else ""
    return f"{words.days(first, last)}, {last.year}{so_far}"


def _rules(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """By which rules they were counted; with the entries' numbers where there are several."""
    numbers: dict[str, list[int]] = {}
    for entry in entries:
        numbers.setdefault(entry["rules"], []).append(entry["number"])
    if len(numbers) < 2:
        return [f"Counted by: {rules}." for rules in numbers]
    return [f"Entries {', '.join(map(str, sorted(some)))} counted by: {rules}." for rules, some in numbers.items()]


def _entry(entry: Mapping[str, Any]) -> dict[str, str]:
    what = "takes back" if entry["kind"] == "reversal" else "stands instead of"
    remarks: Sequence[str] = [
        f"{what} entry {entry['corrects']}" if entry.get("corrects") else "",
        str(entry.get("reason") or "").rstrip("."),
        f"Makes up for {entry['makes_up']}" if entry.get("makes_up") else "",
    ]
    return {
        "date": words.short(date.fromisoformat(entry["day"])),
        "signer": entry["signer"],
        "time": entry["time"],
        "title": entry["title"],
        "minutes": _text(entry["minutes"]),
        "number": str(entry["number"]),
        "remark": ". ".join(remark for remark in remarks if remark),
    }


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first or date.min) <= day <= (last or date.max)


def _days(first: date | None, last: date | None) -> str:
    match first, last:
        case None, None:
            return "all until now"
        case date(), None:
            return f"from {first.isoformat()}"
        case None, date():
            return f"until {last.isoformat()}"
        case _:
            return f"{first} to {last}"


def _text(minutes: int) -> str:
    """ "6 h 20 min"; below zero with a minus sign."""
    sign, minutes = ("−", -minutes) if minutes < 0 else ("", minutes)
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours} h {rest:02} min" if hours else f"{sign}{rest} min"
