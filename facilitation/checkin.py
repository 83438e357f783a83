"""Check-in and wrap-up: answers, what is shared of them, and the safety flags they raise.

A draft is its author's alone. What was submitted, facilitators see; what was shared, the group sees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from facilitation.errors import Refusal
from facilitation.events import (
    AnswerShared,
    Event,
    FlagDisposed,
    FlagRaised,
    FormDrafted,
    FormSubmitted,
    Recorded,
    SessionOpened,
)
from facilitation.forms import Answer, Answers, Form, Question, QuestionKind
from facilitation.ids import FlagId, FormId, PersonId, QuestionId
from facilitation.sentences import Sentence, marked
from facilitation.text import ANSWER_MAX, DISPOSITION_MAX, body
from facilitation.timebase import Instant

CHECK_IN = "check_in"
"""A form of this segment kind is offered from admission on; any other once its kind of segment was entered."""

DISPOSITIONS: Mapping[str, str] = MappingProxyType(
    {
        "spoke_safe": marked("We spoke, and the person is safe for now"),
        "safety_plan": marked("We made or went through the safety plan"),
        "contacted_support": marked("A support person was called"),
        "emergency": marked("Emergency services were called"),
        "not_reached": marked("The person could not be reached"),
    }
)
"""What can be done about a safety flag, in words for the record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One person's answers to one form. A draft newer than what was submitted stands beside it."""

    draft: Answers | None = None
    submitted: Answers | None = None
    submitted_at: Instant | None = None
    shared: frozenset[QuestionId] = frozenset()

    @property
    def status(self) -> str:
        if self.submitted is not None:
            return "submitted"
        return "none" if self.draft is None else "draft"

    @property
    def latest(self) -> Answers:
        """What its author typed last."""
        if self.draft is not None:
            return self.draft
        return self.submitted if self.submitted is not None else {}


BLANK = Sheet()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A safety answer that somebody must do something about. `answers`: label and answer, as given then."""

    flag: FlagId
    person: PersonId
    form: FormId
    at: Instant
    answers: tuple[tuple[str, str], ...]
    disposition: str | None = None
    text: str = ""
    by: PersonId | None = None
    disposed_at: Instant | None = None

    @property
    def open(self) -> bool:
        return self.disposition is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckIn:
    forms: tuple[Form, ...] = ()
    sheets: Mapping[tuple[PersonId, FormId], Sheet] = field(default_factory=dict)
    flags: tuple[Flag, ...] = ()

    def form(self, form: FormId) -> Form:
        for candidate in self.forms:
            if candidate.id == form:
                return candidate
        raise Refusal("unknown_form", "This form is not part of this session.")

    def sheet(self, person: PersonId, form: FormId) -> Sheet:
        return self.sheets.get((person, form), BLANK)

    def flags_of(self, person: PersonId) -> tuple[Flag, ...]:
        return tuple(flag for flag in self.flags if flag.person == person)

    @property
    def open_flags(self) -> tuple[Flag, ...]:
        return tuple(flag for flag in self.flags if flag.open)


# --------------------------------------------------------------- fold


def evolve(checkin: CheckIn, recorded: Recorded) -> CheckIn:
    match recorded.event:
        case SessionOpened(forms=forms):
            return CheckIn(forms=forms)
        case FormDrafted(person=person, form=form, answers=answers):
            sheet = replace(checkin.sheet(person, form), draft=answers)
            return _with(checkin, person, form, sheet)
        case FormSubmitted(person=person, form=form, answers=answers):
            sheet = replace(checkin.sheet(person, form), draft=None, submitted=answers, submitted_at=recorded.at)
            return _with(checkin, person, form, sheet)
        case AnswerShared(person=person, form=form, question=question, shared=shared):
            sheet = checkin.sheet(person, form)
            names = sheet.shared | {question} if shared else sheet.shared - {question}
            return _with(checkin, person, form, replace(sheet, shared=names))
        case FlagRaised(flag=name, person=person, form=form, questions=questions, answers=told):
            flag = Flag(
                flag=name,
                person=person,
                form=form,
                at=recorded.at,
                answers=told or _answers_in_words(checkin, person, form, questions),
            )
            return replace(checkin, flags=(*checkin.flags, flag))
        case FlagDisposed(flag=name, disposition=disposition, text=text):
            return replace(
                checkin,
                flags=tuple(
                    replace(flag, disposition=disposition, text=text, by=recorded.by, disposed_at=recorded.at)
                    if flag.flag == name
                    else flag
                    for flag in checkin.flags
                ),
            )
        case _:
            return checkin


def _with(checkin: CheckIn, person: PersonId, form: FormId, sheet: Sheet) -> CheckIn:
    return replace(checkin, sheets={**checkin.sheets, (person, form): sheet})


def _answers_in_words(
    checkin: CheckIn, person: PersonId, form: FormId, questions: tuple[QuestionId, ...]
) -> tuple[tuple[str, str], ...]:
    answers = checkin.sheet(person, form).submitted or {}
    asked = [q for candidate in checkin.forms if candidate.id == form for q in candidate.questions]
    return tuple((q.label, in_words(q, answers.get(q.id))) for q in asked if q.id in questions)


# --------------------------------------------------------------- reading


def in_words(question: Question, answer: Answer) -> str:
    """An answer as people read it: "Yes", "7", a choice's label."""
    if answer is None:
        return ""
    if isinstance(answer, bool):
        return "Yes" if answer else "No"
    if question.kind is QuestionKind.CHOICE:
        return next((choice.label for choice in question.choices if choice.value == answer), str(answer))
    return str(answer)


def flags(question: Question, answer: Answer) -> bool:
    """Whether this answer is one that somebody must see at once."""
    if answer is None:
        return False
    if isinstance(answer, bool):
        return ("yes" if answer else "no") in question.flag_values
    if isinstance(answer, int):
        return question.flag_at is not None and answer >= question.flag_at
    return answer in question.flag_values


def asks_about_safety(form: Form) -> bool:
    return any(question.flag_at is not None or question.flag_values for question in form.questions)


# --------------------------------------------------------------- rules


def save(checkin: CheckIn, person: PersonId, form: FormId, answers: Mapping[str, Answer]) -> tuple[Event, ...]:
    kept = _checked(checkin.form(form), answers)
    if kept == checkin.sheet(person, form).latest:
        return ()
    return (FormDrafted(person=person, form=form, answers=kept),)


def submit(
    checkin: CheckIn, person: PersonId, form: FormId, answers: Mapping[str, Answer], *, watched: bool
) -> tuple[Event, ...]:
    """`watched`: a facilitator is connected, who would see a safety answer at once."""
    asked = checkin.form(form)
    kept = _checked(asked, answers)
    missing = [q.label for q in asked.questions if q.required and kept.get(q.id) in (None, "")]
    if missing:
        raise Refusal(
            "answer_missing", Sentence("One more answer is needed: “{question}”", question=Sentence(missing[0]))
        )
    if asks_about_safety(asked) and not watched:
        raise Refusal(
            "nobody_watching",
            "No facilitator is connected at this moment, so your answers were not sent. What you typed is safe: "
            "please send it again when someone is back.",
        )
    before = checkin.sheet(person, form).submitted or {}
    raised = tuple(
        q.id
        for q in asked.questions
        if flags(q, kept.get(q.id)) and not (q.id in before and before[q.id] == kept.get(q.id))
    )
    submitted = FormSubmitted(person=person, form=form, answers=kept)
    if not raised:
        return (submitted,)
    flag = FlagId(f"flag-{len(checkin.flags) + 1}")
    return submitted, FlagRaised(flag=flag, person=person, form=form, questions=raised)


def share(checkin: CheckIn, person: PersonId, form: FormId, question: QuestionId, shared: bool) -> tuple[Event, ...]:
    asked = next((q for q in checkin.form(form).questions if q.id == question), None)
    if asked is None:
        raise Refusal("unknown_question", "This question is not part of the form.")
    if not asked.shareable:
        raise Refusal("not_shareable", "This answer stays between you and your facilitators.")
    sheet = checkin.sheet(person, form)
    if shared and (sheet.submitted is None or sheet.submitted.get(question) in (None, "")):
        raise Refusal("not_submitted", "Send your answer to your facilitators first, then you can share it.")
    if (question in sheet.shared) == shared:
        return ()
    return (AnswerShared(person=person, form=form, question=question, shared=shared),)


def dispose(checkin: CheckIn, flag: FlagId, disposition: str, text: str) -> tuple[Event, ...]:
    known = next((candidate for candidate in checkin.flags if candidate.flag == flag), None)
    if known is None:
        raise Refusal("unknown_flag", "There is no such safety flag.")
    if not known.open:
        raise Refusal("flag_closed", "It is already written down what was done about this.")
    if disposition not in DISPOSITIONS:
        raise Refusal("unknown_disposition", "Please choose what was done from the list.")
    body(text, "the note on what was done", DISPOSITION_MAX)
    return (FlagDisposed(flag=flag, disposition=disposition, text=text),)


def check_forms(forms: tuple[Form, ...]) -> None:
    """Refuses forms that cannot be asked, or that would let a safety answer be shared."""
    names = [form.id for form in forms]
    if len(set(names)) != len(names) or len(names) > 8:
        raise Refusal("bad_session", "A session has at most eight forms, each with an id of its own.")
    for form in forms:
        questions = [question.id for question in form.questions]
        if len(set(questions)) != len(questions) or len(questions) > 64:
            raise Refusal("bad_session", "A form has at most 64 questions, each with an id of its own.")
        if any(q.shareable and (q.flag_at is not None or q.flag_values) for q in form.questions):
            raise Refusal("bad_session", "An answer about safety can never be shared with the group.")


def _checked(form: Form, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    questions: dict[str, Question] = {question.id: question for question in form.questions}
    for name, answer in answers.items():
        question = questions.get(name)
        if question is None:
            raise Refusal("unknown_question", "This question is not part of the form.")
        if answer is not None:
            _check_answer(question, answer)
    return dict(answers)


def _check_answer(question: Question, answer: bool | int | str) -> None:
    match question.kind:
        case QuestionKind.YES_NO:
            fits = isinstance(answer, bool)
        case QuestionKind.SCALE | QuestionKind.NUMBER:
            fits = isinstance(answer, int) and not isinstance(answer, bool) and question.low <= answer <= question.high
        case QuestionKind.CHOICE:
            fits = isinstance(answer, str) and any(choice.value == answer for choice in question.choices)
        case QuestionKind.TEXT:
            fits = isinstance(answer, str)
            if isinstance(answer, str):
                body(answer, f"“{question.label}”", ANSWER_MAX)
    if not fits:
        raise Refusal(
            "bad_answer",
            Sentence("This answer does not fit the question “{question}”", question=Sentence(question.label)),
        )
