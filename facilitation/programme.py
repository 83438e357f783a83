"""Programmes: what a clinic has agreed on for its groups, as dated data.

Loaded from `catalog/programmes.toml`. A session keeps the whole programme it was opened with in its log, so that a new
version changes nothing that was before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from facilitation.ages import ADULT_AGE, ADULT_AGES
from facilitation.consents import GENERAL, Signers
from facilitation.errors import Refusal
from facilitation.licences import STATES, Travel
from facilitation.measures import Due
from facilitation.rules import TRACKS, RuleSet
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX, line
from facilitation.timebase import SECOND_MS

PLAIN_TEXT = "text"
"""The format of a note that is one text per person, without sections."""

NOTE_FORMATS = frozenset({PLAIN_TEXT, "dap", "birp", "soap", "girp"})

CAMERAS = frozenset({"optional", "required", "off"})
NOTE_DUE_H_MAX = 31 * 24
OPENS_BEFORE_MIN_MAX = 24 * 60
POLICY_MIN_MAX = 120
"""Most minutes after which somebody is called late, early or away."""

PROMPT_EVERY_MIN_LEAST = 5
PROMPT_EVERY_MIN_MOST = 240
PROMPT_ANSWER_S_LEAST = 30
PROMPT_ANSWER_S_MOST = 30 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """How one kind of group is run and written down. `id` and `version` name it for ever; `track` as in rule sets.

    `rules_id`: the rule set that its sessions are scheduled with. `note_format`: one of NOTE_FORMATS. `note_due_h`:
    hours after the end in which a note should be signed. `cosign`: whether a supervisor signs too. `part2`: whether the
    records are protected by 42 CFR Part 2.

    What is said of attendance, never what is counted: `late_after_min` and `early_before_min`, from how many minutes
    on somebody came late or left early; `away_after_min`, from how many minutes on a time out of the room in between is
    called away. Minutes are those that were attended, whatever these say.

    `prompt_every_min`: the least and most minutes without any sign of somebody, after which they are asked whether they
    are still here (a random time between both); None: nobody is ever asked. `prompt_answer_s`: how long they have to
    answer. No answer takes nothing away: it is shown to the facilitator, who decides.

    The way in: `consents`, the kinds that it takes (`consents`); `minors`, who signs for a minor, and `minors_by_state`
    where that differs; `travel`, what happens when nobody is licensed where a participant is today (`licences`).
    `adult_age`: from which birthday on nobody else signs for somebody, or sees how they are doing (`ages`).
    `opens_before_min`: how many minutes before the start participants can enter.
    `camera`: 'optional', 'required' (asked for, never forced) or 'off' (everybody comes in with it off).

    `curriculum`: the one of the skills library that its groups follow, lesson by lesson; "": none.

    `measures`: which questionnaires it asks, and how often; `own_scores`: whether people see their own results.
    """

    id: str
    version: str
    title: str
    track: str
    rules_id: str
    note_format: str = "dap"
    note_due_h: int = 72
    cosign: bool = False
    part2: bool = False
    late_after_min: int = 10
    early_before_min: int = 10
    away_after_min: int = 5
    prompt_every_min: tuple[int, int] | None = None
    prompt_answer_s: int = 120
    consents: tuple[str, ...] = ()
    minors: str = "both"
    minors_by_state: dict[str, str] = field(default_factory=dict)
    travel: str = "allow"
    adult_age: int = ADULT_AGE
    opens_before_min: int = 30
    camera: str = "optional"
    curriculum: str = ""
    measures: tuple[Due, ...] = ()
    own_scores: bool = False


PLAIN = Programme(
    id="plain",
    version="1",
    title="Group",
    track="adult",
    rules_id="",
    note_format=PLAIN_TEXT,
    late_after_min=1,
    early_before_min=1,
)
"""What holds where no programme is named, and what was meant by logs from before there were any."""


def policy_words(programme: Programme, rules: RuleSet) -> tuple[Sentence, ...]:
    """The attendance policy in sentences, as it stands on the record; `rules` are those of the session."""
    sentences = [
        Sentence(
            "Late is from {late} min after the start, early from {early} min before the end, "
            "away from {away} min out of the room in between.",
            late=programme.late_after_min,
            early=programme.early_before_min,
            away=programme.away_after_min,
        ),
        Sentence(
            "A lost connection counts to its last sign of life. What is late, early or away is named; only minutes "
            "that were attended are counted."
        ),
        _gap_words(rules),
    ]
    if programme.prompt_every_min is None:
        sentences.append(Sentence("Nobody is asked whether they are still here."))
    else:
        least, most = programme.prompt_every_min
        sentences.append(
            Sentence(
                "Who shows no sign of themself for {least} to {most} minutes is asked whether they are still here, and "
                "has {seconds} seconds to answer. No answer takes no minutes away by itself.",
                least=least,
                most=most,
                seconds=programme.prompt_answer_s,
            )
        )
    return tuple(sentences)


def _gap_words(rules: RuleSet) -> Sentence:
    if not rules.server_gap_credit_ms_max:
        return Sentence("Time without a server counts for nobody.")
    return Sentence(
        "Time without a server counts for who was there before and after, if it was at most {seconds} seconds.",
        seconds=rules.server_gap_credit_ms_max // SECOND_MS,
    )


# --------------------------------------------------------------- checks


def check_programme(programme: Programme) -> None:
    """Raises `Refusal` that says in words what no group can be run by."""
    line(programme.title, "the program's title", TITLE_MAX)
    if programme.track not in TRACKS:
        raise _bad(f"no such track: {programme.track!r}; there are {', '.join(sorted(TRACKS))}")
    if programme.note_format not in NOTE_FORMATS:
        formats = ", ".join(sorted(NOTE_FORMATS))
        raise _bad(f"no such format of notes: {programme.note_format!r}; there are {formats}")
    _check_range("note_due_h", programme.note_due_h, 1, NOTE_DUE_H_MAX)
    _check_range("late_after_min", programme.late_after_min, 1, POLICY_MIN_MAX)
    _check_range("early_before_min", programme.early_before_min, 1, POLICY_MIN_MAX)
    _check_range("away_after_min", programme.away_after_min, 1, POLICY_MIN_MAX)
    _check_range("prompt_answer_s", programme.prompt_answer_s, PROMPT_ANSWER_S_LEAST, PROMPT_ANSWER_S_MOST)
    if programme.prompt_every_min is not None:
        least, most = programme.prompt_every_min
        _check_range("the first of prompt_every_min", least, PROMPT_EVERY_MIN_LEAST, PROMPT_EVERY_MIN_MOST)
        _check_range("the second of prompt_every_min", most, least, PROMPT_EVERY_MIN_MOST)
        if least * 60 <= programme.prompt_answer_s:
            raise _bad("prompt_answer_s leaves more time to answer than there is between two questions")
    _check_among("consents", programme.consents, GENERAL)
    _check_among("minors", (programme.minors, *programme.minors_by_state.values()), Signers)
    _check_among("minors_by_state", programme.minors_by_state, STATES)
    _check_among("travel", (programme.travel,), Travel)
    _check_among("camera", (programme.camera,), CAMERAS)
    _check_range("adult_age", programme.adult_age, *ADULT_AGES)
    _check_range("opens_before_min", programme.opens_before_min, 0, OPENS_BEFORE_MIN_MAX)


def _check_among(name: str, values: Iterable[str], known: Iterable[str]) -> None:
    words = [str(each) for each in known]
    wrong = sorted(set(values) - set(words))
    if wrong:
        raise _bad(f"{name}: not known: {', '.join(wrong)}; there are {', '.join(sorted(words))}")


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise _bad(f"{name} is {value}, and should be from {least} to {most}")


def _bad(text: str) -> Refusal:
    return Refusal("bad_session", Sentence("The program: {text}.", text=text))
