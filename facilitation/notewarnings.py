"""What may be wrong with a note before it is signed: said in words, never in anybody's way.

Three things are looked for: individual texts that are nearly the same, a co-member's name, and words that disagree
with the attendance. Each is conservative: what is not plainly meant is let pass, and nothing is ever changed.
Identical group text is a common reason to deny payment; a co-member's name has no place in another's record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from facilitation.crediting import Hours
from facilitation.ids import PersonId
from facilitation.intervals import total_ms
from facilitation.notes import GROUP
from facilitation.programme import Programme
from facilitation.sentences import Sentence, listed, marked
from facilitation.timebase import MINUTE_MS, SECOND_MS, Instant

ALIKE_FROM = 0.75
"""Share of common pairs of words (Dice) from which two texts are nearly the same."""
ALIKE_WORDS_MIN = 8
"""Shorter texts say the same by chance."""
MINUTES_OFF_MAX = 5
"""Nobody writes down times to the minute."""
QUOTE_CHARS_MAX = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning:
    """`field`: a section's id, 'text', 'group' or 'goals'. `person`: the other one of two."""

    code: str
    field: str
    text: str | Sentence
    quote: str = ""
    person: PersonId | None = None


Texts = Mapping[str, str]
"""A person's individual part: field → text."""


# --------------------------------------------------------------- nearly the same


def alike(texts: Mapping[PersonId, Texts], names: Mapping[PersonId, str]) -> dict[PersonId, list[Warning]]:
    """Fields in which two people's texts are nearly the same, names and numbers aside. At most one each."""
    plain = tuple(sorted({word for name in names.values() for word in _words(name)}))
    pairs = {
        (person, field): found
        for person, fields in texts.items()
        for field, text in fields.items()
        if (found := _pairs_of_words(text, plain))
    }
    warnings: dict[PersonId, list[Warning]] = {}
    for (person, field), mine in pairs.items():
        best = max(
            (
                (_dice(mine, theirs), other)
                for (other, same), theirs in pairs.items()
                if same == field and other != person
            ),
            default=(0.0, person),
        )
        if best[0] >= ALIKE_FROM:
            warning = Warning(
                code="alike",
                field=field,
                person=best[1],
                text=Sentence(
                    "This is nearly the same as for {name}. Say what was this person's own.", name=names[best[1]]
                ),
            )
            warnings.setdefault(person, []).append(warning)
    return warnings


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


@lru_cache(maxsize=512)
def _pairs_of_words(text: str, names: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """Neighbouring words; those of a name are all one, so that a copied text with another name in it is seen."""
    words = ["•" if word in names else word for word in _words(text)]
    return frozenset(pairwise(words)) if len(words) >= ALIKE_WORDS_MIN else frozenset()


def _dice(one: frozenset[tuple[str, str]], other: frozenset[tuple[str, str]]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))


# --------------------------------------------------------------- another one's name

ALSO_WORDS = frozenset(
    {
        *(
            "April",
            "Art",
            "Ash",
            "Autumn",
            "Bay",
            "Bill",
            "Brook",
            "Dawn",
            "Dee",
            "Eve",
            "Faith",
            "Fin",
            "Frank",
            "Gale",
        ),
        *("Grace", "Grant", "Hope", "Jack", "Jean", "Joy", "June", "Kit", "Lee", "Mark", "Max", "May", "Miles", "Noel"),
        *("Pat", "Pearl", "Penny", "Ray", "Robin", "Rose", "Ruby", "Sage", "Sandy", "Skip", "Sky", "Summer", "Sunny"),
        *("Victor", "Wade", "Will"),
    }
)
"""Names that begin sentences as words, too: looked for inside of sentences only."""


def names_another(texts: Texts, person: PersonId, names: Mapping[PersonId, str]) -> Iterable[Warning]:
    """Fields that name somebody else of the group."""
    own = {word.casefold() for word in names[person].split()}
    for other, name in names.items():
        if other != person and _first(name).casefold() not in own:
            yield from _named(
                texts,
                other,
                name,
                marked("“{name}” may be somebody else of this group, whom this person's record should not name."),
            )


def names_anybody(text: str, names: Mapping[PersonId, str]) -> Iterable[Warning]:
    """The group's text stands in everybody's record, and should name nobody."""
    for person, name in names.items():
        yield from _named(
            {GROUP: text},
            person,
            name,
            marked("“{name}” may be somebody of this group. This text stands in everybody's record."),
        )


def _named(texts: Texts, person: PersonId, name: str, message: str) -> Iterable[Warning]:
    first = _first(name)
    if len(first) < 2:
        return
    before = r"(?<=[\w,;:] )" if first in ALSO_WORDS else r"(?<!\w)"
    for field, text in texts.items():
        if first in text and (found := re.search(rf"{before}{re.escape(first)}(?!\w)", text)):
            quote = _quote(text, found)
            said = Sentence(message, name=first)
            yield Warning(code="names_another", field=field, quote=quote, person=person, text=said)
            return


def _first(name: str) -> str:
    return (name.split() or [""])[0]


# --------------------------------------------------------------- against the attendance


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """The figures that words are held against, corrections included."""

    hours: Hours
    programme: Programme
    zone: tzinfo

    @property
    def length_ms(self) -> int:
        return total_ms(self.hours.times)

    @property
    def away_ms(self) -> int:
        """Out of the room between the first instant and the last."""
        return self.hours.clock_ms - self.length_ms


class Claim(NamedTuple):
    """Something a text says of attendance. `minutes`: the figure with it, or -1; of a time, since midnight."""

    kind: str
    minutes: int
    quote: str


_ABSENT = r"(?:did not|didn't|did n’t|didn’t|failed to) (?:attend|come|show|join)|was absent|no[- ]show(?:ed)?\b"
_FULL = (
    r"(?:attended|present|stayed|here|there|participated|engaged)\b[^.!?\n]{0,30}?\b"
    r"(?:(?:full|entire|whole) (?:session|group|time|evening|day)|throughout the (?:session|group))"
)
_CAME = r"(?:attended|participated|took part|was present|stayed)\b"
_LENGTH = r"(?P<count>\d{1,3})\s*(?:-\s*)?(?:min\b|mins\b|minutes?\b)"
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})\s*(?P<half>[ap]\.?m\b\.?)?"
_PATTERNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("absent", _ABSENT),
        ("full", _FULL),
        (
            "on_time",
            r"\b(?:arrived|came|was|joined|logged on|logged in)\b[^.!?\n]{0,10}?\b(?:on time|punctual(?:ly)?)\b",
        ),
        ("minutes", rf"(?:attended|present|stayed|participated|here|there)\b[^.!?\n\d]{{0,25}}{_LENGTH}"),
        ("late_minutes", rf"{_LENGTH}\s+late\b|\blate by\s+(?:about\s+)?(?P<count_after>\d{{1,3}})\s*min"),
        ("early_minutes", rf"\bleft\b[^.!?\n\d]{{0,15}}{_LENGTH}\s+early\b"),
        ("late", r"\b(?:arrived|came|joined|was|logged on|logged in)\s+(?:\w+\s+)?late\b(?!r)"),
        ("early", r"\bleft\b[^.!?\n\d]{0,20}\bearly\b"),
        ("came_at", rf"\b(?:arrived|joined|came|logged on|logged in|connected)\b[^.!?\n\d]{{0,15}}\bat\s+{_TIME}"),
        (
            "left_at",
            r"\b(?:left(?! (?:home|the house|for))|logged (?:off|out)|disconnected)\b[^.!?\n\d]{0,15}"
            rf"\bat\s+{_TIME}",
        ),
        ("took_part", _CAME),
    )
)
_NOT = re.compile(r"(?:\bnot|n't|n’t|\bnever|\bwithout|\bunable to|\bexcept|\bnobody)\b[^.!?\n]{0,25}$", re.IGNORECASE)
_ANOTHER_TIME = re.compile(
    r"\b(?:last|previous(?:ly)?|yesterday|earlier|past|prior|next|tomorrow|week|school|work|job|meeting|AA|NA|if|"
    r"plans? to|will|would|wants?|hopes?|goal|agreed|church|class|appointment)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=512)
def claims(text: str) -> tuple[Claim, ...]:
    """What a text plainly says of this session's attendance. Sentences on other times and places say nothing."""
    found: list[Claim] = []
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        if _ANOTHER_TIME.search(sentence):
            continue
        for kind, pattern in _PATTERNS:
            match = pattern.search(sentence)
            if match is not None and not _NOT.search(sentence[: match.start()]):
                found.append(Claim(kind, _figure(match), _quote(sentence, match)))
    return tuple(found)


def _figure(match: re.Match[str]) -> int:
    groups = match.groupdict()
    if groups.get("hour"):
        hour, minute = int(groups["hour"]), int(groups["minute"])
        if groups["half"]:
            hour = hour % 12 + (12 if groups["half"][0] in "pP" else 0)
        elif hour <= 12:
            return -1_000 - (hour % 12 * 60 + minute)  # by a clock of twelve hours, which half is not said
        return hour * 60 + minute
    count = groups.get("count") or groups.get("count_after")
    return int(count) if count else -1


def against_attendance(texts: Texts, attended: Attended) -> Iterable[Warning]:
    """Fields that say something else of this person's attendance than the figures do. One each at most."""
    for field, text in texts.items():
        for claim in claims(text):
            said = _contradiction(claim, attended)
            if said is not None:
                yield Warning(code="attendance", field=field, quote=claim.quote, text=said)
                break


def _contradiction(claim: Claim, attended: Attended) -> str | Sentence | None:
    """What the figures say instead; None: they agree, or it cannot be told."""
    hours, programme = attended.hours, attended.programme
    if not hours.attended:
        if claim.kind in ("full", "on_time", "minutes", "late", "early", "came_at", "left_at", "took_part"):
            return marked("This reads as if the person had been there, and the attendance shows no minute of theirs.")
        return None
    late, early = _whole(hours.late_ms), _whole(hours.left_early_ms)
    present, away = _whole(attended.length_ms), _whole(attended.away_ms)
    match claim.kind:
        case "absent":
            return Sentence("The attendance shows {minutes} in the group.", minutes=_minutes(present))
        case "full":
            missed = [
                *([_came_late(late)] if late >= programme.late_after_min else []),
                *(
                    [Sentence("was away for {minutes}", minutes=_minutes(away))]
                    if away >= programme.away_after_min
                    else []
                ),
                *(
                    [Sentence("left {minutes} early", minutes=_minutes(early))]
                    if early >= programme.early_before_min
                    else []
                ),
            ]
            return _shows(listed(missed)) if missed else None
        case "on_time" if late >= programme.late_after_min:
            return _shows(_came_late(late))
        case "late" if late < 1:
            return marked("The attendance shows that the person was there from the start.")
        case "early" if early < 1:
            return marked("The attendance shows that the person was there until the end.")
        case "late_minutes" if abs(claim.minutes - late) > MINUTES_OFF_MAX:
            return Sentence("The attendance says {minutes} late.", minutes=_minutes(late))
        case "early_minutes" if abs(claim.minutes - early) > MINUTES_OFF_MAX:
            return Sentence("The attendance says {minutes} early.", minutes=_minutes(early))
        case "minutes":
            known = {present, _whole(hours.counted_ms), hours.countable_min, _whole(hours.clock_ms)}
            if min(abs(claim.minutes - figure) for figure in known) > MINUTES_OFF_MAX:
                return Sentence(
                    "The attendance shows {minutes} in the group, {counted} of them counted.",
                    minutes=_minutes(present),
                    counted=hours.countable_min,
                )
        case "came_at" if hours.first is not None:
            return _other_time(claim.minutes, hours.first, attended.zone, marked("came at {time}"))
        case "left_at" if hours.last is not None:
            return _other_time(claim.minutes, hours.last, attended.zone, marked("was last seen at {time}"))
    return None


def _other_time(said: int, instant: Instant, zone: tzinfo, message: str) -> Sentence | None:
    at = datetime.fromtimestamp(instant // SECOND_MS, zone)
    day = 24 * 60 if said >= 0 else 12 * 60
    off = (said if said >= 0 else -1_000 - said) - (at.hour * 60 + at.minute)
    if min(off % day, -off % day) <= MINUTES_OFF_MAX:
        return None
    clock = f"{at.hour % 12 or 12}:{at:%M} {'AM' if at.hour < 12 else 'PM'}"
    return _shows(Sentence(message, time=clock))


def _shows(what: str | Sentence) -> Sentence:
    return Sentence("The attendance shows that the person {what}.", what=what)


def _came_late(minutes: int) -> Sentence:
    return Sentence("came {minutes} late", minutes=_minutes(minutes))


def head_count(text: str, people: int) -> Iterable[Warning]:
    """A number of people in the group's text that is not how many attended."""
    for claim in _HEADS.finditer(text):
        word = claim["count"].casefold()
        said = _NUMBERS.index(word) if word in _NUMBERS else int(word) if word.isdigit() else people
        if said != people:
            yield Warning(
                code="attendance",
                field=GROUP,
                quote=_quote(text, claim),
                text=Sentence("The attendance shows {n} participants in the group.", n=people)
                if people != 1
                else marked("The attendance shows 1 participant in the group."),
            )
            return


_NUMBERS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen"),
)
_HEADS = re.compile(
    rf"\b(?P<count>\d{{1,2}}|{'|'.join(_NUMBERS)}) (?:members?|participants?|people|clients?|patients?|teens?) "
    r"(?:attended|(?:was|were) (?:present|there|in attendance)|took part in (?:the|this|tonight's) (?:group|session))",
    re.IGNORECASE,
)


def _whole(length_ms: int) -> int:
    return length_ms // MINUTE_MS


def _minutes(count: int) -> Sentence:
    return Sentence("1 minute") if count == 1 else Sentence("{n} minutes", n=count)


def _quote(text: str, match: re.Match[str]) -> str:
    return text[match.start() : match.end()][:QUOTE_CHARS_MAX]
