"""A person's hours as a paper: the statement page's own figures, week by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from facilitation.disclosures import PART_2_NOTICE
from server.documents.paper import said
from server.web.words import Words, marked

COLUMNS: Final = (
    *(marked("Date"), marked("Time"), marked("Session"), marked("Signed by"), marked("Minutes"), marked("Entry")),
)


def statement_data(
    words: Words, told: Mapping[str, Any], *, clinic: str, made: str, first: date | None, last: date | None
) -> dict[str, Any]:
    """What statement.typ shows. `told`: the statement page's data, in these words; what is of other days is not."""
    person = told["person"]
    weeks = [week for each in told["weeks"] if (week := _week(words, each, first, last))["entries"]]
    entries = [entry for week in told["weeks"] for entry in week["entries"]]
    newest = max(entries, key=lambda entry: entry["number"], default=None)
    minutes = sum(entry["minutes"] for entry in entries if _within(date.fromisoformat(entry["day"]), first, last))
    return {
        "title": words("Hours of {name}", name=person["name"]),
        "heading": words("Hours of {name}", name=person["name"]),
        "said": said(
            words,
            none=words("There are no hours of these days."),
            of=words("of {time}"),
            columns=[words(each) for each in COLUMNS],
            entry=words("Entry {n}"),
            chain=words("Every entry is tied to the one before it by a fingerprint (SHA-256). The last one here:"),
        ),
        "clinic": clinic,
        "notice": PART_2_NOTICE,
        "marks": words("{person} · made {when}", person=person["person"], when=made),
        "facts": [
            {"label": words("Days"), "value": _days(words, first, last)},
            {"label": words("Minutes that count"), "value": _text(minutes)},
            {"label": words("Entries"), "value": str(sum(len(week["entries"]) for week in weeks))},
            {"label": words("Times as in"), "value": person["zone"]},
        ],
        "weeks": weeks,
        "fingerprint": newest["hash"] if newest else words("none yet"),
    }


def _week(words: Words, week: Mapping[str, Any], first: date | None, last: date | None) -> dict[str, Any]:
    entries = [entry for entry in week["entries"] if _within(date.fromisoformat(entry["day"]), first, last)]
    whole = len(entries) == len(week["entries"])
    minutes = week["minutes"] if whole else sum(entry["minutes"] for entry in entries)
    target = week["target_text"] if whole and week["target"] else ""
    return {
        "label": _range(words, week),
        "minutes": _text(minutes),
        "aside": week["aside"] if whole else "",
        "target": target,
        "fraction": max(0.0, week["fraction"]),
        "picture": words("{part} of {whole}", part=_text(minutes), whole=target),
        "entries": [_entry(words, entry) for entry in sorted(entries, key=lambda entry: entry["number"])],
        "rules": _rules(words, entries),
    }


def _range(words: Words, week: Mapping[str, Any]) -> str:
    """'November 23 – 29, 2026': a paper is read when nobody knows any more what 'this week' was."""
    first, last = date.fromisoformat(week["from"]), date.fromisoformat(week["to"])
    days = f"{words.days(first, last)}, {last.year}"
    return words("{days} (so far)", days=days) if week["current"] else days


def _rules(words: Words, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """By which rules they were counted; with the entries' numbers where there are several."""
    numbers: dict[str, list[int]] = {}
    for entry in entries:
        numbers.setdefault(entry["rules"], []).append(entry["number"])
    if len(numbers) < 2:
        return [words("Counted by: {rules}.", rules=rules) for rules in numbers]
    return [
        words("Entries {numbers} counted by: {rules}.", numbers=", ".join(map(str, sorted(some))), rules=rules)
        for rules, some in numbers.items()
    ]


def _entry(words: Words, entry: Mapping[str, Any]) -> dict[str, str]:
    reversal = entry["kind"] == "reversal"
    remarks: Sequence[str] = [
        words("takes back entry {n}" if reversal else "stands instead of entry {n}", n=entry["corrects"])
        if entry.get("corrects")
        else "",
        str(entry.get("reason") or "").rstrip("."),
        words("Makes up for {session}", session=entry["makes_up"]) if entry.get("makes_up") else "",
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


def _days(words: Words, first: date | None, last: date | None) -> str:
    match first, last:
        case None, None:
            return words("all until now")
        case date(), None:
            return words("from {day}", day=first.isoformat())
        case None, date():
            return words("until {day}", day=last.isoformat())
        case _:
            return words("{first} to {last}", first=first, last=last)


def _text(minutes: int) -> str:
    """ "6 h 20 min"; below zero with a minus sign."""
    sign, minutes = ("−", -minutes) if minutes < 0 else ("", minutes)
    hours, rest = divmod(minutes, 60)
    return f"{sign}{hours} h {rest:02} min" if hours else f"{sign}{rest} min"
