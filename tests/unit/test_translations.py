"""Every word of the library in the languages it was put into: whole, of today's text, plain, and in that language."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from facilitation.ids import SkillId
from facilitation.reading import EASE_MIN, NEVER, PART_EASE_MIN, ease, spanish_syllables
from facilitation.skills import LISTS, TEXTS, Curriculum, Library, Module, Skill
from facilitation.teaching import UNMEASURED, OwnSkill, joined
from facilitation.translations import Translation, digest, entry_texts, lacking, translated
from server.catalog import FOLDER, CatalogError
from server.library import load_library
from server.translations import read_translation

LIBRARY = load_library()
SPANISH = LIBRARY.spoken("es")
SKILLS = list(SPANISH.skills.values())
PAIRS = list(zip(LIBRARY.skills.values(), SKILLS, strict=True))
ENTRIES: list[Skill | Module | Curriculum] = [*SPANISH.modules, *SPANISH.curricula, *SKILLS]

every_skill = pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.id)


def all_texts() -> Iterator[tuple[str, str]]:
    for entry in ENTRIES:
        yield from ((entry.id, text) for text in entry_texts(entry))


def parts(skill: Skill) -> Iterator[tuple[str, str]]:
    for name in (*TEXTS, *LISTS):
        if name not in UNMEASURED:
            value: str | tuple[str, ...] = getattr(skill, name)
            yield name, value if isinstance(value, str) else " ".join(value)


# --------------------------------------------------------------- whole, and of today's text


def test_every_entry_has_words_that_say_the_text_as_it_is_now() -> None:
    as_written = load_library(numbers={})
    assert lacking(as_written, read_translation(FOLDER / "es")) == (), "facilitation/catalog/README.md says what to do"


def test_what_is_no_word_stays_as_it_is() -> None:
    for ours, theirs in PAIRS:
        assert (ours.id, ours.version, ours.minutes, ours.works_with) == (
            *(theirs.id, theirs.version, theirs.minutes, theirs.works_with),
        )
    for one, other in zip(LIBRARY.curricula, SPANISH.curricula, strict=True):
        assert [(each.skill, each.revisit) for each in one.lessons] == [
            (each.skill, each.revisit) for each in other.lessons
        ]


def test_titles_and_summaries_tell_skills_apart() -> None:
    for name in ("title", "summary", "why"):
        assert len({getattr(skill, name).casefold() for skill in SKILLS}) == len(SKILLS), name


def test_a_number_in_a_text_is_the_same_in_each_language() -> None:
    """Digits that somebody may dial, count or look up: 911, 988, years of books."""
    for ours, theirs in PAIRS:
        assert digits(ours) == digits(theirs), ours.id


def digits(skill: Skill) -> list[str]:
    return sorted(re.findall(r"\d{2,}", " ".join(entry_texts(skill))))


# --------------------------------------------------------------- plain, and in that language


@every_skill
def test_a_skill_is_readable_in_sixth_grade(skill: Skill) -> None:
    assert ease(" ".join(text for _, text in parts(skill))) >= EASE_MIN
    assert {name: round(ease(text)) for name, text in parts(skill) if ease(text) < PART_EASE_MIN} == {}


def test_curricula_are_readable_in_sixth_grade() -> None:
    for curriculum in SPANISH.curricula:
        assert ease(" ".join(f"{text.rstrip('.')}." for text in entry_texts(curriculum))) >= EASE_MIN, curriculum.id


ENGLISH_ALONE = frozenset(
    {"the", "and", "you", "your", "with", "that", "this", "what", "when", "they", "have", "feel", "group", "skill"}
)


def test_no_english_is_left() -> None:
    left = []
    for entry in ENTRIES:
        ours = set(entry_texts(entry)) - (set(entry.sources) if isinstance(entry, Skill) else set())
        words = set(re.findall(r"[a-z]+", " ".join(ours).casefold()))
        if words & ENGLISH_ALONE:
            left.append((entry.id, sorted(words & ENGLISH_ALONE)))
    assert left == []


GLOSSARY = {
    r"\burges?\b": r"impulso|ganas",
    r"\bfacilitators?\b": r"facilitador",
    r"\bwise mind\b": r"mente sabia",
    r"\bchat\b": r"chat",
    r"\bcheck-in\b": r"llegada",
    r"\b911\b": r"911",
    r"\b988\b": r"988",
    r"\bDEAR MAN\b": r"DEAR MAN",
    r"\bTIPP\b": r"TIPP",
    r"\bvalues\b": r"valor",
    r"\ba slip\b": r"tropiezo|tropezar",
}
"""What is called by one word in English is called by one word here too, field by field."""


def test_the_same_thing_is_called_by_the_same_word() -> None:
    wrong = []
    for ours, theirs in PAIRS:
        for (name, text), (_, said) in zip(parts(ours), parts(theirs), strict=True):
            wrong += [
                (ours.id, name, english)
                for english, spanish in GLOSSARY.items()
                if re.search(english, text) and not re.search(spanish, said, re.IGNORECASE)
            ]
    assert wrong == []


def test_everybody_is_spoken_to_as_the_readme_says() -> None:
    formal = re.compile(r"\b(usted(es)?|vosotros|vuestr[oa]s?|vos)\b", re.IGNORECASE)
    assert [(name, hit[0]) for name, text in all_texts() if (hit := formal.search(text))] == []


@pytest.mark.parametrize("what", NEVER)
def test_no_text(what: str) -> None:
    pattern = re.compile(NEVER[what], re.IGNORECASE)
    assert [(name, hit[0]) for name, text in all_texts() for hit in pattern.finditer(text)] == []


def test_texts_are_clean_type() -> None:
    for name, text in all_texts():
        assert text == " ".join(text.split()), name
        assert not re.search(r'"|\s[,;!?]|\s\.(?!\.\.)|(?<!\.)\.\.(?!\.)|\bTODO\b|(?<!\.\.)[.,]”', text), (name, text)
        assert text.count("“") == text.count("”"), (name, text)
        assert text.count("¿") == text.count("?") and text.count("¡") == text.count("!"), (name, text)


# --------------------------------------------------------------- absent, changed, wrong


def changed(library: Library, of: SkillId) -> Library:
    """With another word in the `why` of one skill."""
    modules = tuple(
        replace(
            module,
            skills=tuple(
                replace(each, why=f"{each.why} And more.") if each.id == of else each for each in module.skills
            ),
        )
        for module in library.modules
    )
    return replace(library, modules=modules)


def test_what_was_changed_since_is_shown_in_english_and_named() -> None:
    translation = read_translation(FOLDER / "es")
    library = changed(LIBRARY, SkillId("wise-mind"))
    said = translated(library, translation).skills
    assert (said[SkillId("wise-mind")].title, said[SkillId("wise-mind")].language) == ("Wise mind", "en")
    assert said[SkillId("one-thing")].language == "es"
    now = digest(library.skills[SkillId("wise-mind")])
    [named] = [each for each in lacking(library, translation) if "wise-mind" in each]
    assert "skill 'wise-mind': its text was changed" in named and now in named


def test_what_has_no_words_is_shown_in_english_and_named() -> None:
    nothing = Translation(language="es")
    assert translated(LIBRARY, nothing).skills == LIBRARY.skills
    assert "skill 'wise-mind': it has no words" in lacking(LIBRARY, nothing)


def test_a_language_that_nobody_wrote_is_english() -> None:
    assert LIBRARY.spoken("xx") is LIBRARY is LIBRARY.spoken("en")


def test_what_a_clinic_wrote_stands_beside_the_rest_in_every_language_and_says_its_own() -> None:
    skill = replace(LIBRARY.skills[SkillId("wise-mind")], id=SkillId("own-mind"))
    both = joined(LIBRARY, [OwnSkill(id=skill.id, module=LIBRARY.modules[0].id, language="es", stands=skill)])
    for library in (both, both.spoken("es")):
        assert library.skills[skill.id].language == "es"
    assert both.spoken("es").skills[SkillId("wise-mind")].title == "Mente sabia"
    assert both.skills[SkillId("wise-mind")].title == "Wise mind"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "catalog"))


MIND = "es/skills/mindfulness.toml"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '  "Elige una decisión pequeña que tengas hoy en la mente.",\n',
            "",
            "skill 'wise-mind': steps has 5 entries; the skill has 6",
        ),
        (
            'title = "Notar y nombrar"\nknown_as = "Observar y describir"',
            'title = "Notar"',
            "known_as is empty in one language",
        ),
        ('title = "Mente sabia"', f'title = "{"Mente " * 20}"', "title has 119 characters; it needs 3 to 50"),
        ('summary = "Encuentra', 'sumary = "Encuentra', "summary"),
        (
            'title = "Mente sabia"',
            'title = "Mente sabia"\nminutes = 45',
            "there is no such field: `$.skills[0].minutes`",
        ),
        ('id = "one-thing"', 'id = "wise-mind"', "skill 'wise-mind': it is given twice"),
        ("se sintió bien?", "se sintió bien", "prompts, entry 1 is not a question"),
    ],
)
def test_a_mistake_in_a_file_is_named(folder: Path, old: str, new: str, said: str) -> None:
    path = folder / MIND
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        load_library(folder)
    assert said in str(caught.value) and str(folder) in str(caught.value)


# --------------------------------------------------------------- the measure itself


@pytest.mark.parametrize(
    ("word", "count"),
    [
        *(("día", 2), ("bien", 1), ("ciudad", 2), ("caos", 2), ("ruido", 2), ("aún", 2), ("que", 1), ("guitarra", 3)),
        *(("pingüino", 3), ("hoy", 1), ("y", 1), ("también", 2), ("acción", 2), ("leí", 2), ("ahora", 3), ("ayer", 2)),
        *(("muy", 1), ("yo", 1), ("respiración", 4)),
    ],
)
def test_spanish_syllables_are_counted(word: str, count: int) -> None:
    assert spanish_syllables(word) == count


def test_hard_prose_is_far_from_easy_and_plain_prose_is_easy() -> None:
    hard = (
        "La desregulación emocional frecuentemente ocasiona comportamientos compensatorios desadaptativos que "
        "requieren intervenciones multidisciplinarias, independientemente de la optimización psicofarmacológica."
    )
    assert ease(hard) < 20
    assert ease("Siéntate. Toma aire. Mira el cuarto. Está bien parar.") > 85
    assert ease("") == 100
