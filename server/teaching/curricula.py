"""Writing a curriculum in the browser: its frame and weeks as they were typed, what is missing, what was before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from facilitation.curricula import (
    OWN_MAX,
    CurriculumDraft,
    LessonDraft,
    OwnCurriculum,
    WeekDraft,
    curriculum_of,
    draft_of,
    in_week,
    mistakes,
    moved,
    swapped,
    without,
)
from facilitation.errors import Refusal
from facilitation.ids import CurriculumId, SkillId
from facilitation.languages import ENGLISH
from facilitation.sentences import Sentence, marked
from facilitation.skills import (
    AIM,
    CURRICULUM_TEXTS,
    FOCUS,
    ID_MAX,
    LESSONS_MAX,
    WEEK_TITLE,
    WEEKS_MAX,
    WEEKS_MIN,
    Curriculum,
    Library,
    Programme,
    Skill,
    running_order,
)
from facilitation.teaching import LANGUAGES, Mistakes
from server.clock import Clock
from server.store.register import Held
from server.teaching.editor import SPOKEN
from server.teaching.library import ClinicLibrary
from server.teaching.names import free, next_version, revision
from server.web.auth import Visitor
from server.web.curricula import PROGRAMMES, Kept
from server.web.schedule import Fields
from server.web.words import Words, local

LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "title": (marked("Name"), ""),
    "about": (marked("What it is"), marked("For whom, and what it goes through.")),
    "joining": (marked("Joining midway"), marked("How somebody comes in who was not there from the start.")),
}
TYPED_MAX: Final = {"title": 120, "about": 1_200, "joining": 1_200, "aim": 500, "focus": 500}
"""Characters that are kept of each field while it is a draft: more than it may have in the end."""
PAST_MAX: Final = 20
"""Of what was before, as the form lists it."""


class CurriculumEditor:
    """The port `CurriculumWriting` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, library: ClinicLibrary, *, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    # ------------------------------------------------------------------ its frame

    async def form(
        self, id: str | None, given: Fields | None, words: Words, *, zone: str, like: str = ""
    ) -> dict[str, Any] | None:
        """None: the clinic wrote no such curriculum."""
        library = (await self._library.load()).spoken(words.language)
        held = None if id is None else await self._library.curricula.get(id)
        if id is not None and held is None:
            return None
        own = _opened(held, library.curriculum(like or _first(given, "like")), words)
        if given is not None:
            own = _framed(own, given)
        looked_at = held is not None or given is not None
        wrong = _wrong(own, library) if looked_at else {}
        return {
            "id": id or "",
            "revision": _first(given, "revision") or str(held.revision if held else 0),
            "like": like or _first(given, "like"),
            "fields": [_field(name, getattr(own.draft, name), wrong.get(name, ()), words) for name in LABELS],
            "programme": own.programme.value,
            "programmes": [(each.value, words(title)) for each, title in PROGRAMMES.items()],
            "language": own.language,
            "written_in": [(code, SPOKEN[code]) for code in LANGUAGES],
            "weeks": [_outlined(week, number, wrong, library, words) for number, week in enumerate(own.draft.weeks, 1)],
            "weeks_wrong": [words.of(each) for each in wrong.get("weeks", ())],
            "weeks_max": WEEKS_MAX,
            "missing": sum(map(len, wrong.values())),
            "stands": held is not None and held.value.stands is not None,
            "withdrawn": held is not None and held.value.withdrawn,
            "version": held.value.stands.version if held and held.value.stands else "",
            "past": [] if held is None else await self._past(held, words, zone),
        }

    async def keep(self, id: str | None, given: Fields, words: Words, *, by: Visitor) -> Kept:
        """Keep what was typed, and do what its button says. Raises Refusal, Stale."""
        library = (await self._library.load()).spoken(words.language)
        held = None if id is None else await self._library.curricula.get(id)
        if id is not None and held is None:
            raise Refusal("unknown_curriculum", "This curriculum was not written here. Copy it to change it.")
        _check_frame(given)
        own = _framed(_opened(held, library.curriculum(_first(given, "like")), words), given)
        if not own.draft.title.strip():
            raise Refusal("empty_text", "Please give the curriculum a name first.")
        if held is None:
            own = replace(own, id=await self._free(own.draft.title, library))
        place = ""
        match _first(given, "do").split("-"):
            case ["publish"]:
                own = replace(own, stands=self._complete(own, library), withdrawn=False)
            case ["withdraw"]:
                own = replace(own, withdrawn=True)
            case ["back"]:
                own = replace(own, withdrawn=False)
            case ["add"]:
                own, place = _with_weeks(own, (*own.draft.weeks, WeekDraft())), f"week-{len(own.draft.weeks) + 1}"
            case [("up" | "down") as way, number] if _is_number(number):
                at, by_one = int(number) - 1, -1 if way == "up" else 1
                own, place = _with_weeks(own, swapped(own.draft.weeks, at, by_one)), f"week-{at + 1 + by_one}"
            case ["out", number] if _is_number(number):
                own, place = _with_weeks(own, without(own.draft.weeks, int(number) - 1)), "weeks"
            case ["restore", number] if _is_number(number):
                own = await self._restored(own, int(number))
            case _:
                pass
        await self._library.curricula.put(
            own, upon=revision(_first(given, "revision")), by=by.person, at=self._clock.now()
        )
        await self._library.load()
        return Kept(id=own.id, place=place)

    # ------------------------------------------------------------------ one week

    async def week(self, id: str, number: int, given: Fields | None, words: Words) -> dict[str, Any] | None:
        """None: there is no such week."""
        library = (await self._library.load()).spoken(words.language)
        held = await self._library.curricula.get(id)
        if held is None or not 1 <= number <= len(held.value.draft.weeks):
            return None
        week = held.value.draft.weeks[number - 1] if given is None else _week_of(given)
        own = _with_week(held.value, number, week)
        wrong = _wrong(own, library)
        before = [lesson.skill for each in own.draft.weeks[: number - 1] for lesson in each.lessons]
        titles = {skill.id: skill.title for skill in library.skills.values()}
        rows = []
        for count, lesson in enumerate(week.lessons, 1):
            rows.append(_row(lesson, f"week-{number}-lesson-{count}", before, titles, wrong, words))
            before.append(lesson.skill)
        return {
            "id": id,
            "number": number,
            "count": len(own.draft.weeks),
            "curriculum": own.draft.title.strip(),
            "revision": _first(given, "revision") or str(held.revision),
            "title": week.title,
            "title_wrong": [words.of(each) for each in wrong.get(f"week-{number}-title", ())],
            "aim": week.aim,
            "aim_wrong": [words.of(each) for each in wrong.get(f"week-{number}-aim", ())],
            "lessons_wrong": [words.of(each) for each in wrong.get(f"week-{number}-lessons", ())],
            "rows": rows,
            "modules": [
                (module.title, [(skill.id, skill.title) for skill in module.skills]) for module in library.modules
            ],
            "others": [each for each in range(1, len(own.draft.weeks) + 1) if each != number],
            "lessons_max": LESSONS_MAX,
            "bounds": {"title": WEEK_TITLE, "aim": AIM, "focus": FOCUS},
            "most": TYPED_MAX,
        }

    async def keep_week(self, id: str, number: int, given: Fields, *, by: Visitor) -> Kept:
        """Raises Refusal, Stale."""
        held = await self._library.curricula.get(id)
        if held is None or not 1 <= number <= len(held.value.draft.weeks):
            raise Refusal("unknown_curriculum", "There is no such week any more. What you typed is below.")
        _check_lengths(given, ("title", "aim", "focus"))
        own, place = _with_week(held.value, number, _week_of(given)), ""
        week = own.draft.weeks[number - 1]
        match _first(given, "do").split("-"):
            case ["more"]:
                if len(week.lessons) >= LESSONS_MAX:
                    raise Refusal("too_many", Sentence("A week has 1 to {most} sessions.", most=LESSONS_MAX))
                own = _with_week(own, number, replace(week, lessons=(*week.lessons, LessonDraft())))
                place = f"lesson-{len(week.lessons) + 1}"
            case [("up" | "down") as way, row] if _is_number(row):
                at, by_one = int(row) - 1, -1 if way == "up" else 1
                own = _with_week(own, number, replace(week, lessons=swapped(week.lessons, at, by_one)))
                place = f"lesson-{at + 1 + by_one}"
            case ["out", row] if _is_number(row):
                own = _with_week(own, number, replace(week, lessons=without(week.lessons, int(row) - 1)))
                place = "lessons"
            case ["to", row] if _is_number(row):
                to = given.get("to", [])[int(row) - 1 : int(row)]
                if not to or not _is_number(to[0]):
                    raise Refusal("bad_choice", "Choose the week that this session goes to.")
                draft = moved(own.draft, number - 1, int(row) - 1, int(to[0]) - 1)
                if draft == own.draft:
                    raise Refusal("too_many", Sentence("A week has 1 to {most} sessions.", most=LESSONS_MAX))
                own, place = replace(own, draft=draft), "lessons"
            case _:
                pass
        await self._library.curricula.put(
            own, upon=revision(_first(given, "revision")), by=by.person, at=self._clock.now()
        )
        return Kept(id=own.id, place=place)

    # ------------------------------------------------------------------ looking at it

    async def draft(self, id: str, at: str) -> Curriculum | None:
        """The draft as a curriculum, right or not. `at`: a revision that was before, or ""."""
        held = await self._library.curricula.get(id)
        if at and held is not None:
            every = await self._library.curricula.history(id)
            held = next((each for each in every if each.revision == revision(at)), None)
        return None if held is None else _curriculum(held.value)

    async def manual(self, curriculum: Curriculum, words: Words) -> dict[str, Any]:
        """All that a substitute needs to run it cold: each session with its skill in full."""
        library = (await self._library.load()).spoken(words.language)
        return {
            "curriculum": curriculum,
            "weeks": [
                {
                    "week": week,
                    "lessons": [
                        {
                            "lesson": lesson,
                            "skill": (skill := library.skills.get(lesson.skill)),
                            "order": _order(skill, words) if skill else [],
                            "revisit": library.skills.get(lesson.revisit) if lesson.revisit else None,
                        }
                        for lesson in week.lessons
                    ],
                }
                for week in curriculum.weeks
            ],
        }

    # ------------------------------------------------------------------ inside

    async def _free(self, title: str, library: Library) -> CurriculumId:
        there = await self._library.curricula.all()
        if len(there) >= OWN_MAX:
            raise Refusal("too_many", Sentence("The clinic has {most} curricula of its own. Change one.", most=OWN_MAX))
        taken = {*there, *(each.id for each in library.curricula)}
        return CurriculumId(free(title, taken, longest=ID_MAX, otherwise="curriculum"))

    def _complete(self, own: OwnCurriculum, library: Library) -> Curriculum:
        year = local(self._clock.now(), "UTC").year
        curriculum = curriculum_of(
            own.draft,
            id=own.id,
            version=next_version(own.stands.version if own.stands else "", year),
            programme=own.programme,
        )
        if mistakes(curriculum, library.skills, language=own.language):
            raise Refusal("incomplete", "It is not complete yet. What is missing stands beside each field.")
        return curriculum

    async def _restored(self, own: OwnCurriculum, number: int) -> OwnCurriculum:
        """With the draft that was before. What stands, stands until it is published anew."""
        every = await self._library.curricula.history(own.id)
        past = next((each.value for each in every if each.revision == number), None)
        if past is None:
            raise Refusal("unknown_curriculum", "There is no such version.")
        return replace(own, draft=past.draft, programme=past.programme, language=past.language)

    async def _past(self, held: Held[OwnCurriculum], words: Words, zone: str) -> list[dict[str, Any]]:
        """What was before, the latest first, each with the version that it published."""
        every = await self._library.curricula.history(held.id)
        found: list[dict[str, Any]] = []
        published = ""
        for each in every:
            version = each.value.stands.version if each.value.stands else ""
            found.append(
                {
                    "revision": each.revision,
                    "when": words.moment(each.at, zone),
                    "version": version if version != published else "",
                    "weeks": len(each.value.draft.weeks),
                    "sessions": sum(len(week.lessons) for week in each.value.draft.weeks),
                }
            )
            published = version
        return [each for each in reversed(found) if each["revision"] != held.revision][:PAST_MAX]


def _first(given: Fields | None, name: str) -> str:
    sent = given.get(name, []) if given else []
    return sent[-1] if sent else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _opened(held: Held[OwnCurriculum] | None, like: Curriculum | None, words: Words) -> OwnCurriculum:
    """As its form begins: what is kept, a copy, or weeks with nothing in them."""
    if held is not None:
        return held.value
    draft = CurriculumDraft(weeks=(WeekDraft(),) * WEEKS_MIN) if like is None else draft_of(like)
    if like is not None:
        draft = replace(draft, title=words("{title} (copy)", title=like.title))
    programme = Programme.ADULT if like is None else like.programme
    language = ENGLISH if like is None else like.language
    return OwnCurriculum(id=CurriculumId("new"), programme=programme, language=language, draft=draft)


def _framed(own: OwnCurriculum, given: Fields) -> OwnCurriculum:
    """With what the frame's form sent, right or not."""
    programme, language = _first(given, "programme"), _first(given, "language")
    draft = replace(
        own.draft,
        title=_first(given, "title"),
        about=_first(given, "about"),
        joining=_first(given, "joining"),
    )
    return replace(
        own,
        draft=draft,
        programme=Programme(programme) if programme in set(Programme) else own.programme,
        language=language if language in LANGUAGES else own.language,
    )


def _check_frame(given: Fields) -> None:
    """Raises Refusal."""
    if _first(given, "programme") not in set(Programme):
        raise Refusal("bad_choice", "Please choose for whom this curriculum is.")
    if _first(given, "language") not in LANGUAGES:
        raise Refusal("bad_choice", "Please choose the language that this curriculum is written in.")
    _check_lengths(given, LABELS)


def _week_of(given: Fields) -> WeekDraft:
    """A week as its form sent it, right or not."""
    columns = [given.get(name, [])[:LESSONS_MAX] for name in ("skill", "focus", "revisit")]
    lessons = (
        LessonDraft(skill=skill[:ID_MAX], focus=focus, revisit=revisit[:ID_MAX])
        for skill, focus, revisit in zip(*columns, strict=False)
    )
    return WeekDraft(title=_first(given, "title"), aim=_first(given, "aim"), lessons=tuple(lessons))


def _check_lengths(given: Fields, names: Iterable[str]) -> None:
    """Raises Refusal."""
    for name in names:
        if any(len(text) > TYPED_MAX[name] for text in given.get(name, [])):
            raise Refusal("too_long", "One of the fields is far too long. Please shorten it.")


def _with_weeks(own: OwnCurriculum, weeks: tuple[WeekDraft, ...]) -> OwnCurriculum:
    if len(weeks) > WEEKS_MAX:
        raise Refusal("too_many", Sentence("A curriculum has at most {most} weeks.", most=WEEKS_MAX))
    return replace(own, draft=replace(own.draft, weeks=weeks))


def _with_week(own: OwnCurriculum, number: int, week: WeekDraft) -> OwnCurriculum:
    weeks = own.draft.weeks
    return replace(own, draft=replace(own.draft, weeks=(*weeks[: number - 1], week, *weeks[number:])))


def _curriculum(own: OwnCurriculum) -> Curriculum:
    made = curriculum_of(own.draft, id=own.id, version="2026-01", programme=own.programme)
    return replace(made, language=own.language)


def _wrong(own: OwnCurriculum, library: Library) -> Mistakes:
    return mistakes(_curriculum(own), library.skills, language=own.language)


def _order(skill: Skill, words: Words) -> list[tuple[str, int]]:
    return [(words(part), minutes) for part, minutes in running_order(skill)]


def _field(name: str, value: str, wrong: Collection[Sentence], words: Words) -> dict[str, Any]:
    label, hint = LABELS[name]
    least, most = CURRICULUM_TEXTS[name]
    bounds = words("{least} to {most} characters", least=least, most=most)
    return {
        "name": name,
        "label": words(label),
        "hint": f"{words(hint)} ({bounds})" if hint else f"({bounds})",
        "value": value,
        "long": name != "title",
        "most": TYPED_MAX[name],
        "wrong": [words.of(each) for each in wrong],
    }


def _outlined(week: WeekDraft, number: int, wrong: Mistakes, library: Library, words: Words) -> dict[str, Any]:
    return {
        "number": number,
        "title": week.title.strip(),
        "aim": week.aim.strip(),
        "lessons": [
            {
                "title": skill.title if (skill := library.skills.get(SkillId(each.skill))) else "",
                "focus": each.focus.strip(),
                "gone": bool(each.skill) and SkillId(each.skill) not in library.skills,
            }
            for each in week.lessons
        ],
        "missing": in_week(wrong, number),
    }


def _row(
    lesson: LessonDraft,
    place: str,
    before: Collection[str],
    titles: Mapping[SkillId, str],
    wrong: Mistakes,
    words: Words,
) -> dict[str, Any]:
    """A session of the week's form. `before`: the skills that a group has learned by then."""
    earlier = [(each, titles[SkillId(each)]) for each in dict.fromkeys(before) if SkillId(each) in titles]
    gone = [each for each in (lesson.skill, lesson.revisit) if each and SkillId(each) not in titles]
    if lesson.revisit and lesson.revisit not in dict(earlier) and SkillId(lesson.revisit) in titles:
        earlier.append((lesson.revisit, titles[SkillId(lesson.revisit)]))
    return {
        "skill": lesson.skill,
        "title": titles.get(SkillId(lesson.skill), ""),
        "focus": lesson.focus,
        "revisit": lesson.revisit,
        "earlier": earlier,
        "gone": gone,
        **{
            f"{name}_wrong": [words.of(each) for each in wrong.get(f"{place}-{name}", ())]
            for name in ("skill", "focus", "revisit")
        },
    }
