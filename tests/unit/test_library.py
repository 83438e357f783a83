from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from facilitation.plan import SegmentKind
from facilitation.reading import GRADE_MAX, NEVER, PART_GRADE_MAX, grade, syllables
from facilitation.skills import Curriculum, Library, Programme, Skill, WorksWith, running_order, texts
from facilitation.timebase import MINUTE_MS
from server.catalog import FOLDER, CatalogError, load_catalog
from server.library import load_library

LIBRARY = load_library()
SKILLS = list(LIBRARY.skills.values())
CURRICULA = list(LIBRARY.curricula)

every_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.id)
every_curriculum = pytest.mark.parametrize("curriculum", CURRICULA, ids=lambda curriculum: curriculum.id)


def parts(skill: Skill) -> Iterator[tuple[str, str]]:
    """What is read to or by the group and its facilitators: not the names of people and books."""
    for field in fields(skill):
        if field.name in {"id", "version", "minutes", "works_with", "known_as", "title", "tradition", "sources"}:
            continue
        value = getattr(skill, field.name)
        yield field.name, value if isinstance(value, str) else " ".join(value)


def all_texts() -> Iterator[tuple[str, str]]:
    for skill in SKILLS:
        yield from ((skill.id, text) for text in texts(skill))
    for curriculum in CURRICULA:
        yield from ((curriculum.id, text) for text in texts_of(curriculum))
    for module in LIBRARY.modules:
        yield module.id, module.title
        yield module.id, module.about


def texts_of(curriculum: Curriculum) -> Iterator[str]:
    yield from (curriculum.title, curriculum.about, curriculum.joining)
    for week in curriculum.weeks:
        yield from (week.title, week.aim)
        yield from (lesson.focus for lesson in week.lessons)


# --------------------------------------------------------------- what is in it


def test_the_library_covers_what_a_programme_teaches() -> None:
    assert [module.id for module in LIBRARY.modules] == [
        *("mindfulness", "distress-tolerance", "emotion-regulation", "interpersonal", "cbt", "motivation"),
        *("relapse-prevention", "practice", "co-occurring", "teen"),
    ]
    assert 38 <= len(SKILLS) <= 60
    assert all(len(module.skills) >= 3 for module in LIBRARY.modules)


def test_titles_and_summaries_tell_skills_apart() -> None:
    for name in ("title", "summary", "why"):
        assert len({getattr(skill, name).casefold() for skill in SKILLS}) == len(SKILLS), name


@every_skill
def test_a_skill_fills_a_skills_block_and_its_parts_add_up(skill: Skill) -> None:
    longest = max(
        segment.planned_ms // MINUTE_MS
        for plan in load_catalog().plans.values()
        for segment in plan.segments
        if segment.kind is SegmentKind.SKILLS
    )
    order = running_order(skill)
    assert sum(minutes for _, minutes in order) == skill.minutes <= longest
    assert all(minutes > 1 for _, minutes in order)
    assert dict(order)["Two-minute try"] == 2 and dict(order)["Group exercise"] == 10


@every_skill
def test_a_skill_is_readable_in_sixth_grade(skill: Skill) -> None:
    assert grade(" ".join(text for _, text in parts(skill))) <= GRADE_MAX
    hard = {name: round(grade(text), 1) for name, text in parts(skill) if grade(text) > PART_GRADE_MAX}
    assert hard == {}


@every_curriculum
def test_a_curriculum_is_readable_in_sixth_grade(curriculum: Curriculum) -> None:
    assert grade(" ".join(f"{text}." for text in texts_of(curriculum))) <= GRADE_MAX


@every_skill
def test_a_skill_names_where_it_comes_from_with_a_year(skill: Skill) -> None:
    assert all(re.search(r"\b(19|20)\d\d\b", source) for source in skill.sources)


@pytest.mark.parametrize("what", NEVER)
def test_no_text(what: str) -> None:
    pattern = re.compile(NEVER[what], re.IGNORECASE)
    allowed = "Promising that it always works."  # a thing that goes wrong
    found = [(name, hit[0]) for name, text in all_texts() for hit in pattern.finditer(text.replace(allowed, ""))]
    assert found == []


def test_no_text_shouts() -> None:
    known = {"STOP", "TIPP", "ACCEPTS", "PLEASE", "DEAR", "MAN", "GIVE", "FAST", "SAMHSA", "TIP", "DBT", "APA"}
    for name, text in all_texts():
        loud = {word for word in re.findall(r"\b[A-Z]{3,}\b", text) if word not in known}
        assert loud == set(), name
        assert "!!" not in text and text.count("!") <= 2, name


def test_texts_are_clean_type() -> None:
    for name, text in all_texts():
        assert text == " ".join(text.split()), name
        assert not re.search(r'"|\s[,;!?]|\s\.(?!\.\.)|(?<!\.)\.\.(?!\.)|\bTODO\b', text), (name, text)
        assert text.count("“") == text.count("”"), (name, text)


def test_no_text_leads_out_of_the_room() -> None:
    """Whoever runs it reads it aloud, or from paper: addresses and links are of no use there."""
    for name, text in all_texts():
        assert not re.search(r"https?:|www\.|\w@\w|\]\(", text), (name, text)


@every_skill
def test_a_skill_has_everything_that_a_substitute_needs(skill: Skill) -> None:
    """Why, how, a short try, something for the group, talk, tonight, variations, tips, what goes wrong, sources."""
    assert skill.why and skill.two_minute_try and skill.tonight
    assert skill.for_teens and skill.trauma_aware and skill.tradition
    for entries in (skill.steps, skill.group_exercise, skill.prompts):
        assert len(entries) >= 3
    for entries in (skill.tips, skill.pitfalls):
        assert len(entries) >= 2
    assert skill.sources and all(prompt.endswith("?") for prompt in skill.prompts)


# --------------------------------------------------------------- care


@every_skill
def test_a_skill_has_words_for_teens_and_for_people_with_trauma(skill: Skill) -> None:
    assert skill.for_teens and skill.trauma_aware


@pytest.mark.parametrize(
    ("skill", "stirs", "said"),
    [
        ("cool-down", WorksWith.BODY, ["heart", "eating disorder", "Stop any time"]),
        ("breath-anchor", WorksWith.BREATH, ["Eyes may stay open", "another anchor", "asthma"]),
        ("body-scan", WorksWith.MEMORY, ["skip any part", "stop"]),
        ("small-steps-to-fear", WorksWith.FEAR, ["Never for trauma", "choosing it"]),
        ("urge-surfing", WorksWith.CRAVING, ["withdrawal", "medical help"]),
        ("after-a-slip", WorksWith.CRAVING, ["911", "988", "naloxone"]),
        ("letting-it-be", WorksWith.MEMORY, ["never means that harm was all right", "private talk"]),
    ],
)
def test_a_skill_that_can_overwhelm_says_who_should_go_gently(skill: str, stirs: WorksWith, said: list[str]) -> None:
    found = next(each for each in SKILLS if each.id == skill)
    assert stirs in found.works_with
    assert all(words in found.safety for words in said)


def test_breathing_by_a_count_has_a_safety_note() -> None:
    counted = [skill for skill in SKILLS if re.search(r"\bcount\b.*\bout\b", " ".join(skill.steps))]
    assert counted
    assert all(WorksWith.BREATH in skill.works_with for skill in counted)


# --------------------------------------------------------------- curricula


def test_there_is_a_curriculum_for_each_programme() -> None:
    assert {curriculum.programme for curriculum in CURRICULA} == set(Programme)


@every_curriculum
def test_a_curriculum_teaches_no_skill_twice_and_looks_back_at_taught_ones(curriculum: Curriculum) -> None:
    taught = [lesson.skill for lesson in curriculum.lessons]
    assert len(set(taught)) == len(taught)
    for number, lesson in enumerate(curriculum.lessons):
        assert (lesson.revisit is None) == (number == 0)
        assert lesson.revisit is None or lesson.revisit in taught[:number]


@every_curriculum
def test_a_curriculum_gives_first_aid_in_its_first_week(curriculum: Curriculum) -> None:
    assert {"the-pause", "five-senses"} <= {lesson.skill for lesson in curriculum.weeks[0].lessons}


def test_every_skill_is_taught_somewhere_and_knows_where() -> None:
    for skill in SKILLS:
        found = LIBRARY.taught(skill.id)
        assert found, skill.id
        for place in found:
            assert place.curriculum.weeks[place.week - 1].lessons[place.session - 1].skill == skill.id


# --------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("dear man", "ask-clearly"),
        ("DEAR MAN", "ask-clearly"),
        ("tipp", "cool-down"),
        ("urge wave", "urge-surfing"),
        ("  sleep  ", "better-nights"),
        ("self-compassion", "kind-to-myself"),
        ("exposure", "small-steps-to-fear"),
        ("séns és", "five-senses"),
    ],
)
def test_a_skill_is_found_by_its_name_and_by_what_people_call_it(words: str, first: str) -> None:
    assert first in [skill.id for skill in LIBRARY.search(words)][:2]


def test_what_a_skill_is_about_comes_before_what_it_mentions() -> None:
    found = LIBRARY.search("urge")
    ranks = [
        0 if "urge" in f"{skill.title} {skill.known_as}".casefold() else 1 if "urge" in skill.summary.casefold() else 2
        for skill in found
    ]
    assert ranks == sorted(ranks)
    assert set(ranks) == {0, 1, 2}


def test_every_word_of_a_search_must_be_there() -> None:
    assert LIBRARY.search("urge zebra") == ()
    assert set(LIBRARY.search("urge")) > set(LIBRARY.search("urge wave")) != set()


def test_an_empty_search_finds_everything_in_order() -> None:
    assert list(LIBRARY.search("  ")) == SKILLS


@pytest.mark.parametrize("rubbish", ["\x00", "%", "(", "\\", "🥣" * 500, "a " * 10_000, "<script>"])
def test_rubbish_in_a_search_finds_nothing_or_something_and_never_fails(rubbish: str) -> None:
    assert isinstance(LIBRARY.search(rubbish), tuple)


# --------------------------------------------------------------- mistakes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "catalog"))


def spoil(folder: Path, name: str, old: str, new: str) -> str:
    """Replace a text in one file and return what the library says then."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_library(folder)
    return str(caught.value)


MIND = "skills/mindfulness.toml"
PLANS = "curricula.toml"


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (MIND, 'id = "wise-mind"', 'id = "Wise Mind"', "small letters"),
        (MIND, 'id = "wise-mind"', 'id = "one-thing"', "given twice: one-thing"),
        (MIND, 'id = "wise-mind"', 'id = "soothe"', "given twice: soothe"),
        (MIND, 'version = "2026-01"', 'version = "new"', "skill 'wise-mind': the version 'new'"),
        (MIND, "minutes = 45", "minutes = 500", "a skill takes 40 to 60"),
        (MIND, "minutes = 45", 'minutes = "45"', "$.skills[0].minutes"),
        (MIND, 'summary = "Find', 'sumary = "Find', "summary"),
        (MIND, "minutes = 45", "minutes = 45\ncolour = 1", "there is no such field: `$.skills[0].colour`"),
        (MIND, "minutes = 45", 'minutes = 45\nworks_with = ["breath"]', "works with breath and has no safety note"),
        (MIND, "minutes = 45", 'minutes = 45\nworks_with = ["magic"]', "magic"),
        (MIND, "right the next day too?", "right the next day too.", "prompts, entry 1 is not a question"),
        (MIND, "Pick one small choice that is on your mind today.", "Pick.", "steps, entry 1 has 5 characters"),
        (MIND, "[[skills]]", "[[skills", "mindfulness.toml"),
        (MIND, "order = 1", "order = 2", "given twice: order 2"),
        ("skills/cbt.toml", 'id = "cbt"', 'id = "mindfulness"', "given twice: mindfulness"),
        (PLANS, 'skill = "five-senses"', 'skill = "six-senses"', "curriculum 'adult': week 1: lesson 1"),
        (PLANS, 'revisit = "five-senses"', 'revisit = "wise-mind"', "has not been taught by then"),
        (PLANS, 'programme = "adult"', 'programme = "elder"', "elder"),
        (PLANS, 'id = "teen"', 'id = "adult"', "given twice: adult"),
        (PLANS, 'focus = "Keep it light', 'focuss = "Keep it light', "focus"),
    ],
)
def test_a_mistake_in_a_file_is_named(folder: Path, name: str, old: str, new: str, said: str) -> None:
    message = spoil(folder, name, old, new)
    assert said in message
    assert str(folder) in message


def test_a_skill_with_several_mistakes_is_told_all_of_them(folder: Path) -> None:
    message = spoil(folder, MIND, 'minutes = 45\nsummary = "Find', 'minutes = 3\nsafety = " "\nsummary = "F')
    assert "minutes is 3" in message
    message = spoil(folder, MIND, "Wise mind", "W")
    assert "minutes is 3" in message and "title has 1 characters" in message


def test_a_folder_without_modules_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "skills")
    with pytest.raises(CatalogError, match="there are no modules here"):
        load_library(folder)


def test_a_curriculum_of_five_weeks_is_too_short(folder: Path) -> None:
    path = folder / PLANS
    whole = path.read_text(encoding="utf-8")
    weeks = whole.split("[[curriculum.weeks]]")
    path.write_text("[[curriculum.weeks]]".join(weeks[:6]), encoding="utf-8")
    with pytest.raises(CatalogError, match="it has 5 weeks; it needs 6 to 12"):
        load_library(folder)


def test_an_empty_library_is_searched_without_fuss() -> None:
    assert Library(modules=(), curricula=()).search("calm") == ()


# --------------------------------------------------------------- the measure itself


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("cat", 1), ("people", 2), ("feeling", 2), ("stopped", 1), ("wanted", 2), ("breathe", 1), ("don't", 1)),
        *(("emotion", 3), ("facilitator", 5), ("idea", 3), ("quiet", 2), ("being", 2), ("choices", 2), ("times", 1)),
    ],
)
def test_syllables_are_counted(word: str, count: int) -> None:
    assert syllables(word) in (count, count + 1)


def test_hard_prose_has_a_high_grade_and_plain_prose_a_low_one() -> None:
    hard = (
        "Dysregulated individuals frequently demonstrate maladaptive compensatory behaviours necessitating "
        "multidisciplinary intervention, notwithstanding psychopharmacological optimization."
    )
    assert grade(hard) > 20
    assert grade("Sit down. Take a breath. Look at the room. It is all right to stop.") < 3
    assert grade("") == 0
