"""Formats of notes: which sections an individual note has. Data, and nothing else.

DAP, BIRP, SOAP and GIRP are common ways to write a progress note; their names and sections are facts, the hints are
our own. A format's ids stand in logs for ever: a change of meaning takes a new id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facilitation.errors import Refusal
from facilitation.ids import SectionId
from facilitation.programme import PLAIN_TEXT
from facilitation.sentences import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of a note. `hint` says what belongs there; a `required` one may not stay empty for who attended."""

    id: SectionId
    title: str
    hint: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteForm:
    """A format. One without sections is one text."""

    id: str
    title: str
    sections: tuple[Section, ...]

    def section(self, id: str) -> Section:
        """Raises `Refusal`: this format has no such section."""
        for section in self.sections:
            if section.id == id:
                return section
        raise Refusal("unknown_section", "Notes of this program have no such section.")


def _section(id: str, title: str, hint: str) -> Section:
    return Section(id=SectionId(id), title=title, hint=hint)


_PLAN = _section("plan", marked("Plan"), marked("What comes next: until the next group, and in treatment."))
_RESPONSE = _section(
    "response",
    marked("Response"),
    marked("How the person took it: words, behaviour, progress, what stood in the way."),
)
_INTERVENTION = _section(
    "intervention", marked("Intervention"), marked("What you did with this person, beside what the group did.")
)

FORMATS: Mapping[str, NoteForm] = {
    form.id: form
    for form in (
        NoteForm(id=PLAIN_TEXT, title=marked("Note"), sections=()),
        NoteForm(
            id="dap",
            title="DAP",
            sections=(
                _section(
                    "data",
                    marked("Data"),
                    marked("What was seen and heard: words, behaviour, what the person took part in."),
                ),
                _section(
                    "assessment",
                    marked("Assessment"),
                    marked("What it means for the goals: progress, what stands in the way."),
                ),
                _PLAN,
            ),
        ),
        NoteForm(
            id="birp",
            title="BIRP",
            sections=(
                _section(
                    "behaviour",
                    marked("Behavior"),
                    marked("What was seen and heard: mood, words, how the person took part."),
                ),
                _INTERVENTION,
                _RESPONSE,
                _PLAN,
            ),
        ),
        NoteForm(
            id="soap",
            title="SOAP",
            sections=(
                _section(
                    "subjective", marked("Subjective"), marked("What the person says of themself, in their own words.")
                ),
                _section(
                    "objective",
                    marked("Objective"),
                    marked("What you saw and heard, without reading anything into it."),
                ),
                _section(
                    "assessment",
                    marked("Assessment"),
                    marked("What it means for the goals: progress, what stands in the way."),
                ),
                _PLAN,
            ),
        ),
        NoteForm(
            id="girp",
            title="GIRP",
            sections=(
                _section(
                    "goal",
                    marked("Goal"),
                    marked("Which goal this group worked on, and where the person stands with it."),
                ),
                _INTERVENTION,
                _RESPONSE,
                _PLAN,
            ),
        ),
    )
}


def format_of(id: str) -> NoteForm:
    """The format of that id. Programmes were checked to name one; an unknown one is taken as one text."""
    return FORMATS.get(id, FORMATS[PLAIN_TEXT])
