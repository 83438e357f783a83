"""Cohorts: standing groups of a programme, who leads them, and how many fit into each kind of part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from facilitation.errors import Refusal
from facilitation.ids import CohortId, PersonId
from facilitation.people import STAFF, Role
from facilitation.plan import Segment, SegmentKind
from facilitation.rules import GROUP_MAX, RuleSet
from facilitation.sentences import Sentence
from facilitation.text import TITLE_MAX, line

LEADS_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """One of the staff of a cohort or series, and as what."""

    person: PersonId
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """`programme`: its id. `rules_id`: "" for the programme's own. `zone`: where its days and hours are.

    `caps`: most participants by kind of part; the rule set's caps hold beside them, and the smaller one counts.
    `strict`: whether one too many is refused, or said and let be. `alumni`: a group for those who were discharged: it
    is no treatment, so whoever comes is a guest there, without hours and notes. `closed`: it meets no more.
    """

    id: CohortId
    title: str
    programme: str
    zone: str
    rules_id: str = ""
    caps: Mapping[str, int] = field(default_factory=dict)
    strict: bool = True
    leads: tuple[Lead, ...] = ()
    alumni: bool = False
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """A part into which more people would come than fit."""

    segment: Segment
    people: int
    most: int


def cap_of(cohort: Cohort, rules: RuleSet, kind: SegmentKind) -> int | None:
    """Most participants in a part of that kind; None: as many as there are seats."""
    caps = [most for caps in (cohort.caps, rules.group_caps) if (most := caps.get(kind)) is not None]
    return min(caps, default=None)


def too_full(cohort: Cohort, rules: RuleSet, segments: Iterable[Segment], people: int) -> tuple[Full, ...]:
    """The parts of a plan that `people` participants are too many for."""
    found = []
    for segment in segments:
        most = cap_of(cohort, rules, segment.kind)
        if most is not None and people > most:
            found.append(Full(segment=segment, people=people, most=most))
    return tuple(found)


def check_cohort(cohort: Cohort) -> None:
    """Raises `Refusal` that says in words what no group can be."""
    line(cohort.title, "the group’s name", TITLE_MAX)
    unknown = sorted(set(cohort.caps) - {kind.value for kind in SegmentKind})
    if unknown:
        raise Refusal("bad_cohort", Sentence("There is no such kind of part: {unknown}.", unknown=", ".join(unknown)))
    if any(not 1 <= most <= GROUP_MAX for most in cohort.caps.values()):
        raise Refusal(
            "bad_cohort", Sentence("A group has room for 1 to {most} people in each kind of part.", most=GROUP_MAX)
        )
    check_leads(cohort.leads)


def check_leads(leads: tuple[Lead, ...]) -> None:
    if len(leads) > LEADS_MAX:
        raise Refusal("bad_leads", Sentence("At most {most} of the staff can stand on one list.", most=LEADS_MAX))
    if len({lead.person for lead in leads}) != len(leads):
        raise Refusal("bad_leads", "The same person stands on the list of staff twice. Leave one of them out.")
    if any(lead.role not in STAFF for lead in leads):
        raise Refusal("bad_leads", "Groups are led by facilitators, cofacilitators, observers and supervisors.")
