"""Making a live exercise in the browser: a kind, filled with the clinic's words, and its card as the group sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from facilitation.curricula import swapped
from facilitation.errors import Refusal
from facilitation.exercises import ID_MAX, Exercise, Privacy
from facilitation.ids import ExerciseId
from facilitation.ownexercises import (
    LISTS,
    OF_KIND,
    OWN_MAX,
    ROWS,
    SHAREABLE,
    TEXTS,
    Answer,
    ExerciseDraft,
    Kind,
    OwnExercise,
    exercise_of,
    mistakes,
)
from facilitation.runs import ANSWERS_MIN
from facilitation.runviews import exercise_shape
from facilitation.sentences import Sentence, marked
from facilitation.skills import Library
from facilitation.teaching import LANGUAGES, Mistakes
from server.clock import Clock
from server.teaching.editor import SPOKEN
from server.teaching.library import ClinicLibrary
from server.teaching.names import free, next_version, revision
from server.web.auth import Visitor
from server.web.schedule import Fields
from server.web.words import Words, local

TYPED_MAX: Final = 2_000
"""Characters that are kept of one field while it is a draft."""
ROOM_FOR_MORE: Final = 2
"""Empty rows at the end of a form."""
KINDS: Final[Mapping[Kind, tuple[str, str]]] = {
    Kind.SHEET: (
        marked("A sheet to fill in"),
        marked("Prompts of your own. Each writes for themselves, and shows what they want to."),
    ),
    Kind.FOUR: (marked("Four fields"), marked("One question from four sides, as with pros and cons.")),
    Kind.WORDS: (
        marked("A cloud of words"),
        marked("Each sends up to three words without a name. All are shown together."),
    ),
    Kind.SCALE: (
        marked("A number from 0 to 10"),
        marked("Each sends one without a name. All are shown together."),
    ),
    Kind.CHOICE: (
        marked("A question with answers"),
        marked("Each chooses one without a name. All are shown together."),
    ),
    Kind.PROMPTS: (
        marked("Prompts, one after another"),
        marked("Each for its time, as in a body scan. Nobody has to write."),
    ),
    Kind.CARDS: (
        marked("Cards to choose from"),
        marked("Values, goals or strengths: each picks a few and puts them in order."),
    ),
    Kind.PAIRS: (marked("A role-play in pairs"), marked("Each pair is dealt a card with a situation.")),
}
LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "title": (marked("Name"), ""),
    "about": (marked("What we do"), marked("The group reads this first.")),
    "care": (marked("How to take it gently"), marked("How to do less, something else, or nothing.")),
    "heading": (marked("Heading of the card"), ""),
    "task": (marked("What to do"), marked("It stands above the fields.")),
    "question": (marked("The question"), ""),
    "hint": (marked("A hint beneath it"), ""),
    "side_1": (marked("First field"), marked("As in: Good about acting on it")),
    "side_2": (marked("Second field"), marked("As in: Bad about acting on it")),
    "side_3": (marked("Third field"), marked("As in: Good about not acting")),
    "side_4": (marked("Fourth field"), marked("As in: Bad about not acting")),
    "low_label": (marked("What 0 means"), ""),
    "high_label": (marked("What 10 means"), ""),
    "choices": (marked("The answers"), marked("One a line.")),
    "cards": (marked("Situations on the cards"), marked("One a line; each pair gets another one.")),
    "prompts": (marked("What each writes"), marked("One prompt a line.")),
    "closing": (marked("A question at the end"), marked("Leave it empty for none.")),
    "text": (marked("What is said"), ""),
    "label": (marked("What it asks"), ""),
}
OF_CARDS: Final = {"choices": (marked("The cards"), marked("One a line."))}
ANSWERS: Final[Mapping[Answer, str]] = {
    Answer.TEXT: marked("some lines"),
    Answer.LINE: marked("a few words"),
    Answer.SCALE: marked("a number from 0 to 10"),
}
GENTLY: Final = marked(
    "Eyes may stay open. You can stop, pass or do less at any time. What you write stays with you unless you share it."
)
LONG: Final = frozenset({"about", "care", "task", "choices", "cards", "prompts"})


class ExerciseEditor:
    """The port `ExerciseWriting` of the pages. Every method may raise StoreUnavailable or CorruptLog."""

    def __init__(self, library: ClinicLibrary, *, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    async def form(
        self, id: str | None, given: Fields | None, words: Words, *, kind: str = ""
    ) -> dict[str, Any] | None:
        """None: the clinic made no such exercise, or there is no such kind."""
        library = (await self._library.load()).spoken(words.language)
        held = None if id is None else await self._library.exercises.get(id)
        if (id is not None and held is None) or (id is None and kind not in set(Kind)):
            return None
        own = held.value if held else _begun(Kind(kind), words)
        if given is not None:
            own = _given(own, given)
        draft = own.draft
        looked_at = held is not None or given is not None
        wrong = mistakes(draft, library.skills, language=own.language) if looked_at else {}
        card = exercise_of(draft, id=ExerciseId("preview"), version="2026-01")
        return {
            "id": id or "",
            "kind": draft.kind.value,
            "kind_title": words(KINDS[draft.kind][0]),
            "kind_about": words(KINDS[draft.kind][1]),
            "revision": _first(given, "revision") or str(held.revision if held else 0),
            "fields": [_field(name, draft, wrong, words) for name in _names(draft.kind)],
            "rows": _rows(draft, wrong, words),
            "rows_wrong": _told(wrong, "rows", words),
            "most": draft.fields.get("most", "5") if draft.kind is Kind.CARDS else "",
            "most_wrong": _told(wrong, "most", words),
            "minutes": draft.minutes,
            "minutes_wrong": _told(wrong, "minutes", words),
            "skill": draft.skill,
            "skill_wrong": _told(wrong, "skill", words),
            "modules": [
                (module.title, [(skill.id, skill.title) for skill in module.skills]) for module in library.modules
            ],
            "gone": draft.skill not in library.skills if draft.skill else False,
            "sharing": draft.sharing,
            "may_share": draft.kind in SHAREABLE,
            "language": own.language,
            "written_in": [(code, SPOKEN[code]) for code in LANGUAGES],
            "missing": sum(map(len, wrong.values())),
            "stands": held is not None and held.value.stands is not None,
            "withdrawn": held is not None and held.value.withdrawn,
            "version": held.value.stands.version if held and held.value.stands else "",
            "card": exercise_shape(card) | {"dealt": card.cards[0] if card.cards else ""},
            "privacy": self.privacy(card, words),
            "begun": looked_at,
        }

    async def keep(self, id: str | None, given: Fields, words: Words, *, by: Visitor, kind: str = "") -> ExerciseId:
        """Keep the draft, and publish, withdraw or bring back as its button says. Raises Refusal, Stale."""
        library = await self._library.load()
        held = None if id is None else await self._library.exercises.get(id)
        if id is not None and held is None:
            raise Refusal("unknown_exercise", "This exercise was not made here.")
        if held is None and kind not in set(Kind):
            raise Refusal("bad_choice", "Please choose what kind of exercise it is.")
        if any(len(text) > TYPED_MAX for texts in given.values() for text in texts):
            raise Refusal("too_long", "One of the fields is far too long. Please shorten it.")
        if _first(given, "language") not in LANGUAGES:
            raise Refusal("bad_choice", "Please choose the language that this exercise is written in.")
        own = _given(held.value if held else _begun(Kind(kind), words), given)
        if not own.draft.fields.get("title", "").strip():
            raise Refusal("empty_text", "Please give the exercise a name first.")
        if held is None:
            own = replace(own, id=await self._free(own.draft.fields["title"], library))
        match _first(given, "do"):
            case "publish":
                own = replace(own, stands=self._complete(own, library), withdrawn=False)
            case "withdraw":
                own = replace(own, withdrawn=True)
            case "bring_back":
                own = replace(own, withdrawn=False)
            case _:
                pass
        await self._library.exercises.put(
            own, upon=revision(_first(given, "revision")), by=by.person, at=self._clock.now()
        )
        await self._library.load()
        return own.id

    def kinds(self, words: Words) -> list[tuple[str, str, str]]:
        """Each kind: its name, what it is called, what it is."""
        return [(kind.value, words(title), words(about)) for kind, (title, about) in KINDS.items()]

    def privacy(self, exercise: Exercise, words: Words) -> str:
        """In one sentence, who sees what is written in it."""
        if exercise.anonymous:
            return words("Answers have no name, and are shown to nobody before there are {n} of them.", n=ANSWERS_MIN)
        if any(field.privacy is Privacy.SHAREABLE for field in exercise.fields):
            return words("What somebody writes is theirs alone, also before facilitators, until they share it.")
        if exercise.fields:
            return words("What somebody writes is theirs alone, for good.")
        return words("Nothing is written in it.")

    # ------------------------------------------------------------------ inside

    async def _free(self, title: str, library: Library) -> ExerciseId:
        there = await self._library.exercises.all()
        if len(there) >= OWN_MAX:
            raise Refusal("too_many", Sentence("The clinic has {most} exercises of its own. Change one.", most=OWN_MAX))
        taken = {*there, *(each.id for each in library.exercises)}
        return ExerciseId(free(title, taken, longest=ID_MAX, otherwise="exercise"))

    def _complete(self, own: OwnExercise, library: Library) -> Exercise:
        if mistakes(own.draft, library.skills, language=own.language):
            raise Refusal("incomplete", "It is not complete yet. What is missing stands beside each field.")
        year = local(self._clock.now(), "UTC").year
        return exercise_of(own.draft, id=own.id, version=next_version(own.stands.version if own.stands else "", year))


def _first(given: Fields | None, name: str) -> str:
    sent = given.get(name, []) if given else []
    return sent[-1] if sent else ""


def _names(kind: Kind) -> list[str]:
    """The fields of its form, in their order."""
    names = [*TEXTS, *OF_KIND[kind], *LISTS.get(kind, {})]
    return sorted(names, key=lambda name: name == "closing")


def _begun(kind: Kind, words: Words) -> OwnExercise:
    return OwnExercise(
        id=ExerciseId("new"),
        language="es" if words.language == "es" else "en",
        draft=ExerciseDraft(kind=kind, fields={"care": words(GENTLY)}),
    )


def _given(own: OwnExercise, given: Fields) -> OwnExercise:
    """With what the form sent, right or not."""
    kind, language = own.draft.kind, _first(given, "language")
    names = {*TEXTS, *OF_KIND[kind], *LISTS.get(kind, {}), "most"}
    return replace(
        own,
        language=language if language in LANGUAGES else own.language,
        draft=ExerciseDraft(
            kind=kind,
            fields={name: _first(given, name) for name in names if name in given},
            rows=tuple(_rows_of(kind, given)),
            skill=_first(given, "skill")[:ID_MAX],
            minutes=_first(given, "minutes")[:9],
            sharing=bool(_first(given, "sharing")),
        ),
    )


def _rows_of(kind: Kind, given: Fields) -> Sequence[dict[str, str]]:
    """The rows as they were typed, without the empty ones; a button may have moved one of them up or down."""
    if kind not in ROWS:
        return ()
    names, _, most = ROWS[kind]
    every = [*names, "seconds" if kind is Kind.PROMPTS else "answer"]
    columns = [list(given.get(f"row_{name}", []))[: most + ROOM_FOR_MORE] for name in every]
    rows = tuple(dict(zip(every, row, strict=True)) for row in zip(*columns, strict=False))
    match _first(given, "do").split("-"):
        case [("up" | "down") as way, number] if number.isascii() and number.isdigit() and len(number) <= 2:
            rows = swapped(rows, int(number) - 1, -1 if way == "up" else 1)
        case _:
            pass
    return [row for row in rows if any(row[name].strip() for name in names)]


# --------------------------------------------------------------- for the template


def _told(wrong: Mistakes, place: str, words: Words) -> list[str]:
    return [words.of(each) for each in wrong.get(place, ())]


def _field(name: str, draft: ExerciseDraft, wrong: Mistakes, words: Words) -> dict[str, Any]:
    label, hint = OF_CARDS[name] if draft.kind is Kind.CARDS and name in OF_CARDS else LABELS[name]
    least, most = {**TEXTS, **OF_KIND[draft.kind]}.get(name, (0, 0))
    bounds = words("{least} to {most} characters", least=least, most=most) if most else ""
    if name in LISTS.get(draft.kind, {}):
        fewest, largest, _ = LISTS[draft.kind][name]
        bounds = words("{least} to {most} lines", least=fewest, most=largest)
    return {
        "name": name,
        "label": words(label),
        "hint": " ".join(each for each in (words(hint) if hint else "", f"({bounds})" if bounds else "") if each),
        "value": draft.fields.get(name, ""),
        "long": name in LONG,
        "wrong": _told(wrong, name, words),
    }


def _rows(draft: ExerciseDraft, wrong: Mistakes, words: Words) -> list[dict[str, Any]]:
    if draft.kind not in ROWS:
        return []
    names, _, most = ROWS[draft.kind]
    there = list(draft.rows)
    empty: list[dict[str, str]] = [{} for _ in range(min(ROOM_FOR_MORE, max(0, most - len(there))))]
    return [
        {
            "fields": [
                {
                    "name": name,
                    "label": words(LABELS[name][0] if name != "title" else marked("Heading")),
                    "value": row.get(name, ""),
                    "long": name == "text",
                    "wrong": _told(wrong, f"row-{number}-{name}", words),
                }
                for name in names
            ],
            "answers": [
                (each.value, words(title), each == row.get("answer", Answer.TEXT)) for each, title in ANSWERS.items()
            ]
            if draft.kind is Kind.SHEET
            else [],
            "typed": bool(row),
            "seconds": row.get("seconds", "") if draft.kind is Kind.PROMPTS else None,
            "seconds_wrong": _told(wrong, f"row-{number}-seconds", words),
        }
        for number, row in enumerate([*there, *empty], 1)
    ]
