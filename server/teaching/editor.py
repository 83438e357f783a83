"""Writing a skill in the browser: drafts as they were typed, what is still missing, publishing, withdrawing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from facilitation.errors import Refusal
from facilitation.ids import ModuleId, SkillId
from facilitation.sentences import marked
from facilitation.skills import ID_MAX, LISTS, TEXTS, Skill, WorksWith, running_order
from facilitation.teaching import LANGUAGES, OWN_MAX, OwnSkill, draft_of, mistakes, skill_of
from server.clock import Clock
from server.store.register import Held
from server.teaching.library import ClinicLibrary
from server.teaching.names import free, next_version, revision
from server.web.auth import Visitor
from server.web.words import Words, local

FIELD_CHARS_MAX: Final = 4_000
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "title": (marked("Name"), ""),
    "known_as": (marked("Also known as"), marked("The name people may know it by elsewhere.")),
    "summary": (marked("In one sentence"), marked("The group sees this with the name.")),
    "why": (marked("Why"), marked("To be read aloud.")),
    "steps": (marked("How, in steps"), marked("One step a line.")),
    "two_minute_try": (marked("A two-minute try"), ""),
    "group_exercise": (marked("A ten-minute exercise with the group"), marked("One step a line.")),
    "prompts": (marked("Questions to talk about"), marked("One question a line.")),
    "tonight": (marked("For tonight"), ""),
    "for_teens": (marked("With teens"), ""),
    "trauma_aware": (marked("With trauma in mind"), ""),
    "safety": (marked("Who goes gently"), marked("Needed where it works with breath, body, fear, memory or craving.")),
    "tips": (marked("Tips for whoever runs it"), marked("One a line.")),
    "pitfalls": (marked("How it can go wrong"), marked("One a line.")),
    "tradition": (marked("Tradition"), marked("Where this comes from, as a fact.")),
    "sources": (marked("Sources"), marked("One a line, with its year. Ideas, never copied text.")),
}
STIRS: Final = {
    WorksWith.BREATH: marked("Breath"),
    WorksWith.BODY: marked("Body"),
    WorksWith.FEAR: marked("Fear"),
    WorksWith.MEMORY: marked("Memory"),
    WorksWith.CRAVING: marked("Craving"),
}
SPOKEN: Final = {"en": "English", "es": "Español"}


class SkillEditor:
    """The port `SkillWriting` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, library: ClinicLibrary, *, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    async def form(
        self, id: str | None, given: Mapping[str, str] | None, words: Words, *, like: str = ""
    ) -> dict[str, Any] | None:
        """What the template needs. `given`: what was typed and not kept; `like`: what a new one begins as a copy of.

        None: the clinic wrote no such skill.
        """
        library = (await self._library.load()).spoken(words.language)
        held = None if id is None else await self._library.skills.get(id)
        if id is not None and held is None:
            return None
        fields = _opened(held, library.skills.get(SkillId(like)), words) if given is None else dict(given)
        language = fields.get("language", "en")
        looked_at = held is not None or given is not None
        wrong = mistakes(_skill(fields, held), language=language) if looked_at else {}
        return {
            "id": id or "",
            "revision": fields.get("revision") or str(held.revision if held else 0),
            "fields": [_field(name, fields, wrong.get(name, ()), words) for name in LABELS],
            "shown": {name: " ".join(fields.get(name, "").split()) or "…" for name in ("title", "summary")},
            "minutes": fields.get("minutes", "45"),
            "minutes_wrong": [words.of(each) for each in wrong.get("minutes", ())],
            "module": fields.get("module", ""),
            "modules": [(module.id, module.title) for module in library.modules],
            "language": language,
            "written_in": [(code, SPOKEN[code]) for code in LANGUAGES],
            "stirs": [(f"works_with_{each}", words(STIRS[each]), f"works_with_{each}" in fields) for each in WorksWith],
            "missing": sum(map(len, wrong.values())),
            "stands": held is not None and held.value.stands is not None,
            "withdrawn": held is not None and held.value.withdrawn,
            "version": held.value.stands.version if held and held.value.stands else "",
        }

    async def keep(self, id: str | None, given: Mapping[str, str], *, by: Visitor) -> SkillId:
        """Keep the draft, and publish, withdraw or bring back as its button says. Raises Refusal, Stale."""
        library = await self._library.load()
        held = None if id is None else await self._library.skills.get(id)
        if id is not None and held is None:
            raise Refusal("unknown_skill", "This skill was not written here. Copy it to change it.")
        there = await self._library.skills.all()
        own = self._own(held, given, {*library.skills, *map(SkillId, there)}, len(there))
        match given.get("do", "keep"):
            case "publish":
                own = replace(own, stands=self._complete(own, held), withdrawn=False)
            case "withdraw":
                own = replace(own, withdrawn=True)
            case "bring_back":
                own = replace(own, withdrawn=False)
        upon = revision(given.get("revision", ""))
        await self._library.skills.put(own, upon=upon, by=by.person, at=self._clock.now())
        await self._library.load()
        return own.id

    async def preview(self, id: str, words: Words) -> dict[str, Any] | None:
        """The manual page of a draft, for whoever writes it."""
        held = await self._library.skills.get(id)
        if held is None:
            return None
        skill = replace(_skill(held.value.draft, held), language=held.value.language)
        modules = self._library.shipped.spoken(words.language).modules
        module = next((each for each in modules if each.id == held.value.module), None)
        if module is None or skill.minutes < 35:
            return {"skill": skill, "module": module or modules[0], "order": (), "taught": ()}
        return {"skill": skill, "module": module, "order": running_order(skill), "taught": ()}

    # ------------------------------------------------------------------ inside

    def _own(self, held: Held[OwnSkill] | None, given: Mapping[str, str], taken: set[SkillId], count: int) -> OwnSkill:
        known = {*TEXTS, *LISTS, "minutes", *(f"works_with_{each}" for each in WorksWith)}
        draft = {name: text for name, text in given.items() if name in known}
        if any(len(text) > FIELD_CHARS_MAX for text in draft.values()):
            raise Refusal("too_long", "One of the fields is far too long. Please shorten it.")
        if not draft.get("title", "").strip():
            raise Refusal("empty_text", "Please give the skill a name first.")
        module = ModuleId(given.get("module", ""))
        if module not in {each.id for each in self._library.shipped.modules}:
            raise Refusal("bad_choice", "Please choose the family that this skill belongs to.")
        language = given.get("language", "en")
        if language not in LANGUAGES:
            raise Refusal("bad_choice", "Please choose the language that this skill is written in.")
        if held is not None:
            return replace(held.value, draft=draft, module=module, language=language)
        if count >= OWN_MAX:
            raise Refusal("too_many", "The clinic has a hundred skills of its own. Change one of them instead.")
        id = SkillId(free(draft["title"], taken, longest=ID_MAX, otherwise="skill"))
        return OwnSkill(id=id, module=module, language=language, draft=draft)

    def _complete(self, own: OwnSkill, held: Held[OwnSkill] | None) -> Skill:
        before = None if held is None or held.value.stands is None else held.value.stands
        year = local(self._clock.now(), "UTC").year
        version = next_version("" if before is None else before.version, year)
        skill = skill_of(own.draft, id=own.id, version=version)
        if mistakes(skill, language=own.language):
            raise Refusal("incomplete", "It is not complete yet. What is missing stands beside each field.")
        return skill


def _skill(fields: Mapping[str, str], held: Held[OwnSkill] | None) -> Skill:
    return skill_of(fields, id=held.value.id if held else SkillId("new"), version="2026-01")


def _opened(held: Held[OwnSkill] | None, like: Skill | None, words: Words) -> dict[str, str]:
    if held is not None:
        return held.value.draft | {"module": held.value.module, "language": held.value.language}
    if like is None:
        return {}
    return draft_of(like) | {"title": words("{title} (copy)", title=like.title), "language": like.language}


def _field(name: str, fields: Mapping[str, str], wrong: Any, words: Words) -> dict[str, Any]:
    label, hint = LABELS[name]
    least, most = TEXTS.get(name, (0, 0))
    bounds = words("{least} to {most} characters", least=least, most=most) if name in TEXTS else ""
    return {
        "name": name,
        "label": words(label),
        "hint": " ".join(each for each in (words(hint) if hint else "", f"({bounds})" if bounds else "") if each),
        "value": fields.get(name, ""),
        "long": name not in ("title", "known_as", "tradition"),
        "wrong": [words.of(each) for each in wrong],
    }
