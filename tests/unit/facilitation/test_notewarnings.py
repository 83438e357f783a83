"""What may be wrong with a note: what is seen, and what is let pass because nobody plainly meant it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facilitation.crediting import Hours
from facilitation.ids import PersonId
from facilitation.intervals import total_ms, union
from facilitation.notewarnings import (
    Attended,
    against_attendance,
    alike,
    claims,
    head_count,
    names_another,
    names_anybody,
)
from facilitation.programme import Programme
from facilitation.timebase import MINUTE_MS, Instant

ROBIN, SAM, ALEX = PersonId("p-robin"), PersonId("p-sam"), PersonId("p-alex")
NAMES = {ROBIN: "Robin Example", SAM: "Sam Sample", ALEX: "Alex Placeholder"}
SIX_PM = Instant(1_795_561_200_000)  # 2026-11-24 in New York
PROGRAMME = Programme(id="iop", version="1", title="IOP", track="adult", rules_id="exact-floor")

OWN = (
    "Named anger at a missed bus as the example, checked the facts with help and chose to text the sister instead of "
    "staying silent. Goal for tomorrow: one walk before noon."
)


# --------------------------------------------------------------- nearly the same


def seen_alike(one: str, other: str) -> bool:
    found = alike({ROBIN: {"data": one}, SAM: {"data": other}}, NAMES)
    assert (ROBIN in found) == (SAM in found), "both are told, or neither"
    return bool(found)


def test_the_same_text_for_two_people_is_seen() -> None:
    found = alike({ROBIN: {"data": OWN}, SAM: {"data": OWN}, ALEX: {"data": "Quite another evening for Alex."}}, NAMES)
    assert set(found) == {ROBIN, SAM}
    (warning,) = found[ROBIN]
    assert (warning.code, warning.field, warning.person) == ("alike", "data", SAM)
    assert "Sam Sample" in str(warning.text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OWN, OWN.replace("anger", "shame").replace("noon", "dinner")),
        (OWN, OWN.upper().replace(".", " !")),
        (f"Robin {OWN}", f"Sam {OWN}"),
        (
            "Robin took part for 30 minutes and shared openly with others.",
            "Sam took part for 45 minutes and shared openly with others.",
        ),
        (OWN + " Slept badly.", OWN),
    ],
    ids=["two words", "marks and capitals", "another name", "another number", "a sentence more"],
)
def test_a_text_that_was_copied_and_touched_up_is_seen(one: str, other: str) -> None:
    assert seen_alike(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (OWN, "Came late and said so. Spoke about sleep. Will put the phone in the kitchen tonight and tell us."),
        ("Attended all groups this week.", "Attended all groups this week."),
        ("", ""),
        (
            "Practised opposite action: chose to call a friend when the urge to hide came, and felt lighter after it.",
            "Practised opposite action: wrote down three facts about work, and found that one of them was a guess.",
        ),
    ],
    ids=["different", "too short to tell", "empty", "same skill, own words"],
)
def test_what_is_somebodys_own_is_let_pass(one: str, other: str) -> None:
    assert not seen_alike(one, other)


def test_the_same_words_under_different_headings_are_let_pass() -> None:
    assert alike({ROBIN: {"data": OWN}, SAM: {"plan": OWN}}, NAMES) == {}


PARTS = st.dictionaries(st.sampled_from(["data", "plan"]), st.text())


@given(st.dictionaries(st.sampled_from([ROBIN, SAM, ALEX]), PARTS))
def test_any_texts_at_all_can_be_compared(texts: dict[PersonId, dict[str, str]]) -> None:
    for person, warnings in alike(texts, NAMES).items():
        assert all(warning.person not in (None, person) for warning in warnings)


# --------------------------------------------------------------- another one's name


def named(text: str, names: dict[PersonId, str] = NAMES) -> list[PersonId | None]:
    return [warning.person for warning in names_another({"data": text}, ROBIN, names)]


def test_a_co_members_name_is_seen() -> None:
    assert named("Helped Sam with the exercise, and Alex's joke made everyone laugh.") == [SAM, ALEX]
    assert named("Robin spoke first.") == []


@pytest.mark.parametrize("text", ["The same sample of samba.", "SAMHSA handout.", "sam", "Alexander technique"])
def test_a_name_inside_of_another_word_is_let_pass(text: str) -> None:
    assert named(text) == []


def test_a_name_that_is_a_word_too_is_looked_for_inside_of_sentences_only() -> None:
    names = NAMES | {SAM: "Will Sample", ALEX: "Grace Placeholder"}
    assert named("Will practise tonight. Grace under pressure.", names) == []
    assert named("Was glad that Will and Grace listened.", names) == [SAM, ALEX]


def test_somebody_of_the_same_first_name_is_not_another_ones() -> None:
    assert named("Robin spoke.", NAMES | {SAM: "Robin Other"}) == []


def test_the_groups_text_names_nobody() -> None:
    text = "Robin and Sam practised in pairs. Samples were read."
    found = list(names_anybody(text, NAMES | {ROBIN: "Ronny Example"}))
    assert [(warning.field, warning.person, warning.quote) for warning in found] == [("group", SAM, "Sam")]
    assert "everybody's record" in str(found[0].text)


# --------------------------------------------------------------- against the attendance


def attended(*, late: float = 0, early: float = 0, away: float = 0, length: float = 180, came: bool = True) -> Attended:
    """Somebody in a group from 6 PM on, out of the room in its middle; all in minutes."""

    def at(minutes: float) -> Instant:
        return Instant(SIX_PM + round(minutes * MINUTE_MS))

    middle = (late + length - early) / 2
    times = union([(at(late), at(middle - away / 2)), (at(middle + away / 2), at(length - early))]) if came else ()
    present_ms = total_ms(times)
    hours = Hours(
        person=ROBIN,
        clock_ms=times[-1][1] - times[0][0] if times else 0,
        present_ms=present_ms,
        gap_credit_ms=0,
        corrected_ms=0,
        counted_ms=present_ms,
        countable_min=present_ms // MINUTE_MS,
        units=None,
        first=times[0][0] if times else None,
        last=times[-1][1] if times else None,
        late_ms=round(late * MINUTE_MS) if times else 0,
        left_early_ms=round(early * MINUTE_MS) if times else 0,
        intervals=times,
        gap_credit=(),
        added=(),
        taken=(),
        times=times,
        by_segment={},
        rules_id="exact-floor",
        rules_version="1",
    )
    zone = ZoneInfo("America/New_York")
    return Attended(hours=hours, programme=PROGRAMME, zone=zone)


def said(text: str, to: Attended) -> list[str]:
    return [str(warning.text) for warning in against_attendance({"data": text}, to)]


@pytest.mark.parametrize(
    ("text", "figures", "answer"),
    [
        ("Attended the full session.", attended(late=23), "came 23 minutes late"),
        ("Was present for the entire group and shared.", attended(early=31), "left 31 minutes early"),
        ("Stayed engaged throughout the session.", attended(away=14), "was away for 14 minutes"),
        ("Robin did not attend.", attended(), "180 minutes in the group"),
        ("No-show.", attended(late=60), "120 minutes in the group"),
        ("Arrived on time and in good spirits.", attended(late=12), "12 minutes late"),
        ("Arrived late.", attended(), "from the start"),
        ("Left the group early.", attended(), "until the end"),
        ("Came 30 minutes late.", attended(late=12), "12 minutes late"),
        ("Was late by about 40 minutes.", attended(late=12), "12 minutes late"),
        ("Left 30 minutes early.", attended(early=60), "60 minutes early"),
        ("Attended for 90 minutes.", attended(), "180 minutes in the group"),
        ("Joined the call at 6:40 PM.", attended(late=12), "came at 6:12 PM"),
        ("Joined at 18:40.", attended(late=12), "came at 6:12 PM"),
        ("Logged off at 8:15.", attended(early=10), "was last seen at 8:50 PM"),
        ("Participated well and gave feedback.", attended(came=False), "no minute of theirs"),
        ("Came late.", attended(came=False), "no minute of theirs"),
    ],
)
def test_words_that_the_figures_deny_are_seen(text: str, figures: Attended, answer: str) -> None:
    (told,) = said(text, figures)
    assert answer in told


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("Attended the full session.", attended(late=3, early=2, away=1)),
        ("Did not stay for the full session.", attended(early=60)),
        ("Was unable to attend the whole group.", attended(early=60)),
        ("Did not attend last week.", attended()),
        ("Was absent on Tuesday because of school.", attended()),
        ("Wants to arrive on time.", attended(late=30)),
        ("Arrived late.", attended(late=12)),
        ("Came 10 minutes late.", attended(late=12)),
        ("Stayed up late.", attended()),
        ("Left early for work last Monday.", attended()),
        ("Attended for 175 minutes.", attended()),
        ("Walked for 20 minutes and slept 7 hours.", attended()),
        ("Joined at 6:10.", attended(late=12)),
        ("Joined at 6:10 PM.", attended(late=12)),
        ("Called the sister at 9:15 PM.", attended()),
        ("Left home at 5:15 PM.", attended()),
        ("Did not attend.", attended(came=False)),
        ("", attended(late=60)),
    ],
)
def test_what_agrees_or_is_not_plainly_meant_is_let_pass(text: str, figures: Attended) -> None:
    assert said(text, figures) == []


def test_a_warning_quotes_the_words_it_means() -> None:
    texts = {"data": "Was calm.", "plan": "Well done. Attended the full session, and spoke."}
    (warning,) = against_attendance(texts, attended(late=23))
    assert (warning.code, warning.field, warning.quote) == ("attendance", "plan", "Attended the full session")


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    claims(text)
    list(head_count(text, 3))
    list(against_attendance({"data": text}, attended(late=20)))
    list(names_another({"data": text}, ROBIN, NAMES))


def test_a_text_as_long_as_it_may_be_is_read_in_no_time() -> None:
    """A pattern that backtracks for ever would hold up the room: the test's own time-out is the bound."""
    for text in ("was " * 5_000, "not " * 5_000, "attended " * 2_200, "9" * 20_000, "a" * 20_000, "at 6:" * 4_000):
        claims(text)
        list(head_count(text, 3))
        list(names_another({"data": text}, ROBIN, NAMES))


@pytest.mark.parametrize(
    ("text", "people", "wrong"),
    [
        ("Eight members attended.", 7, True),
        ("8 people took part in the exercise.", 8, False),
        ("Three participants came late.", 7, False),
        ("Two members shared.", 7, False),
        ("The group practised in pairs.", 7, False),
    ],
)
def test_a_number_of_people_is_held_against_the_head_count(text: str, people: int, wrong: bool) -> None:
    assert bool(list(head_count(text, people))) is wrong
