from __future__ import annotations

from dataclasses import replace

import pytest

from facilitation.ids import ModuleId, SkillId
from facilitation.skills import skill_mistakes
from facilitation.teaching import OwnSkill, draft_of, joined, mistakes, skill_of
from server.library import load_library

LIBRARY = load_library()
SKILLS = list(LIBRARY.skills.values())
WISE = LIBRARY.skills[SkillId("wise-mind")]


@pytest.mark.parametrize("skill", SKILLS, ids=lambda skill: skill.id)
def test_every_shipped_skill_passes_the_editors_rules_and_survives_its_form(skill: object) -> None:
    assert skill in SKILLS
    again = skill_of(draft_of(skill), id=skill.id, version=skill.version)
    assert replace(again, works_with=()) == replace(skill, works_with=())
    assert set(again.works_with) == set(skill.works_with)
    assert mistakes(again, language="en") == {}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("title", ""),
        ("summary", "Short."),
        ("why", "x" * 701),
        ("steps", "Only one step here, and it is long enough."),
        ("prompts", "This is no question at all.\nNor is this one here.\nNor this third one."),
        ("tips", "tiny\ntiny too"),
        ("minutes", "12"),
        ("minutes", "soon"),
        ("tonight", "See https://example.org for more about this, it has everything that you might ever need."),
        ("why", "This always works and it is proven. " * 5),
        ("for_teens", "Notwithstanding considerable methodological heterogeneity, psychoeducational interventions "
         "necessitate individualized contextualization throughout implementation."),
    ],
)  # fmt: skip
def test_a_mistake_stands_beside_its_field(field: str, text: str) -> None:
    wrong = mistakes(skill_of(draft_of(WISE) | {field: text}, id=WISE.id, version="2026-01"), language="en")
    assert field in wrong and all(str(sentence) for sentence in wrong[field])


def test_what_can_overwhelm_needs_a_word_on_who_goes_gently() -> None:
    draft = draft_of(WISE) | {"works_with_breath": "on", "safety": ""}
    assert "safety" in mistakes(skill_of(draft, id=WISE.id, version="2026-01"), language="en")


def test_whatever_the_editor_lets_through_the_library_lets_through() -> None:
    for name in draft_of(WISE):
        for text in ("", "x", "x " * 2_000, "?\n?\n?"):
            skill = skill_of(draft_of(WISE) | {name: text}, id=WISE.id, version="2026-01")
            assert mistakes(skill, language="es") or skill_mistakes(skill) == ()


def test_published_skills_join_their_family_and_withdrawn_ones_and_drafts_do_not() -> None:
    module = LIBRARY.modules[0].id
    own = OwnSkill(id=SkillId("own-tea"), module=module, stands=replace(WISE, id=SkillId("own-tea"), title="Tea"))
    library = joined(LIBRARY, [own])
    assert library.skills[own.id].title == "Tea" and library.module_of(own.id).id == module
    assert own.id in {card.id for card in library.repertoire().skills}, "rooms can choose it"
    for hidden in (replace(own, withdrawn=True), replace(own, stands=None), replace(own, module=ModuleId("none"))):
        assert own.id not in joined(LIBRARY, [hidden]).skills
    assert joined(LIBRARY, [replace(own, id=WISE.id)]).skills[WISE.id] == WISE, "no shipped one is replaced"
