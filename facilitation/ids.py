"""Names of things: opaque strings, made by the shell and handed in."""

from __future__ import annotations

from typing import NewType

ClinicId = NewType("ClinicId", str)
SessionId = NewType("SessionId", str)
PersonId = NewType("PersonId", str)
SegmentId = NewType("SegmentId", str)
FormId = NewType("FormId", str)
QuestionId = NewType("QuestionId", str)
FlagId = NewType("FlagId", str)
CommandId = NewType("CommandId", str)
DisputeId = NewType("DisputeId", str)
CorrectionId = NewType("CorrectionId", str)
SectionId = NewType("SectionId", str)
GoalId = NewType("GoalId", str)
CounsellingNoteId = NewType("CounsellingNoteId", str)
ModuleId = NewType("ModuleId", str)
SkillId = NewType("SkillId", str)
CurriculumId = NewType("CurriculumId", str)
TermId = NewType("TermId", str)
CohortId = NewType("CohortId", str)
SeriesId = NewType("SeriesId", str)
EnrolmentId = NewType("EnrolmentId", str)
CoverId = NewType("CoverId", str)
ExerciseId = NewType("ExerciseId", str)
FieldId = NewType("FieldId", str)
RunId = NewType("RunId", str)
RoundId = NewType("RoundId", str)
MarkId = NewType("MarkId", str)
ProposalId = NewType("ProposalId", str)
RoundQuestionId = NewType("RoundQuestionId", str)
StepId = NewType("StepId", str)
PromptId = NewType("PromptId", str)
ScreenQuestionId = NewType("ScreenQuestionId", str)
MeasureId = NewType("MeasureId", str)
ItemId = NewType("ItemId", str)
SmallRoomId = NewType("SmallRoomId", str)

SourceId = NewType("SourceId", str)
"""A proof of presence: one websocket ("c…", a *connection*) or one WebRTC transport ("m…", a *peer*)."""
