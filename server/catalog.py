"""The catalog: plans, rule sets, programmes, payers' tables and forms, read from TOML into the domain's own types.

Every mistake in a file is one `CatalogError` that names the file, the place and what was expected.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from facilitation.agenda import check_plan
from facilitation.checkin import check_forms
from facilitation.claims import Payer, check_payer
from facilitation.consents import ConsentForm
from facilitation.consents import check_forms as check_consents
from facilitation.errors import Refusal
from facilitation.forms import Form, QuestionKind
from facilitation.ids import MeasureId, SegmentId
from facilitation.measures import Measure, check_due, check_measures
from facilitation.plan import Segment, SegmentKind, SessionPlan
from facilitation.programme import PLAIN, Programme, check_programme
from facilitation.rules import TRACKS, RuleSet, check_rules, version_on
from facilitation.safetypath import NO_PATH, SafetyPath, check_path
from facilitation.timebase import MINUTE_MS

FOLDER = Path(__file__).resolve().parent.parent / "facilitation" / "catalog"

ID = re.compile(r"[A-Za-z0-9-]{1,40}")

File = TypeVar("File")


class CatalogError(Exception):
    """A file of the catalog cannot be used; the text says which, where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All by id. Forms are offered in every session that has their kind of segment.

    `rules` holds the newest version of each rule set, `versions` all of them, oldest first. Plans and programmes that a
    clinic made its own stand beside those of the files, each version under a name of its own, "adult@3".
    """

    plans: dict[str, SessionPlan]
    rules: dict[str, RuleSet]
    forms: dict[str, Form]
    versions: dict[str, tuple[RuleSet, ...]]
    programmes: dict[str, Programme]
    payers: dict[str, Payer]
    consents: tuple[ConsentForm, ...] = ()
    """Texts as shipped; the clinic's own versions stand in the store."""
    measures: Mapping[MeasureId, Measure] = field(default_factory=dict)
    safety: SafetyPath = NO_PATH
    """As shipped; the clinic's own steps and prompts stand in the store."""

    def measures_of(self, programme: Programme) -> tuple[Measure, ...]:
        """Those that a programme may ask of anybody: the ones it names, and what is asked of teens instead."""
        named = [self.measures[due.measure] for due in programme.measures if due.measure in self.measures]
        teens = [self.measures[MeasureId(each.teens)] for each in named if each.teens]
        return tuple({each.id: each for each in (*named, *teens)}.values())

    def take_in(self, plans: Mapping[str, SessionPlan], programmes: Mapping[str, Programme]) -> None:
        """Versions of the clinic's own. What is here already stays: a version never changes."""
        for name, plan in plans.items():
            self.plans.setdefault(name, plan)
        for name, programme in programmes.items():
            self.programmes.setdefault(name, programme)

    def programme(self, id: str) -> Programme:
        """The programme of that id; PLAIN for an empty one. Raises KeyError: no such programme."""
        return self.programmes[id] if id else PLAIN

    def rules_on(self, id: str, day: date) -> RuleSet:
        """The version in force on `day`, or the newest where none is: a group must meet whatever the dates say.

        Raises KeyError: no such rule set.
        """
        return version_on(self.versions[id], day) or self.rules[id]

    def rules_of(self, id: str, version: str) -> RuleSet | None:
        """The very version that an entry names, if it is still here."""
        return next((rules for rules in self.versions.get(id, ()) if rules.version == version), None)


def load_catalog(folder: Path = FOLDER) -> Catalog:
    """Read all files of a folder but the skills and curricula. Raises `CatalogError`."""
    plans = [_plan(folder, plan) for plan in read_file(folder / "plans.toml", _PlansFile).plan]
    versions = _versions(folder / "rules.toml", read_file(folder / "rules.toml", _RulesFile).rules)
    forms = tuple(read_file(folder / "forms.toml", _FormsFile).form)
    programmes = read_file(folder / "programmes.toml", _ProgrammesFile).programme
    payers = read_file(folder / "payers.toml", _PayersFile).payer
    consents = tuple(read_file(folder / "consents.toml", _ConsentsFile).form)
    measures = tuple(read_file(folder / "measures.toml", _MeasuresFile).measure)
    safety = read_file(folder / "safety.toml", _SafetyFile).path
    _check_safety(folder / "safety.toml", safety)
    check_unique(folder / "plans.toml", [plan.id for plan in plans])
    _check_consents(folder / "consents.toml", consents)
    for id in (*(plan.id for plan in plans), *(programme.id for programme in programmes)):
        if not ID.fullmatch(id):
            raise CatalogError(f"{folder}: {id!r} is no id; use letters, digits and hyphens")
    _check_payers(folder / "payers.toml", payers)
    _check_measures(folder / "measures.toml", measures)
    _check_programmes(folder / "programmes.toml", programmes, versions, [measure.id for measure in measures])
    _check_forms(folder / "forms.toml", forms)
    return Catalog(
        plans={plan.id: plan for plan in plans},
        rules={id: every[-1] for id, every in versions.items()},
        forms={form.id: form for form in forms},
        versions=versions,
        programmes={programme.id: programme for programme in programmes},
        payers={payer.id: payer for payer in payers},
        consents=tuple(replace(form, text=form.text.strip()) for form in consents),
        measures={measure.id: measure for measure in measures},
        safety=safety,
    )


# --------------------------------------------------------------- the shape of the files


class _SegmentEntry(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    kind: SegmentKind
    title: str
    minutes: int
    card: str = ""


class _PlanEntry(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    version: str
    title: str
    track: str
    segment: list[_SegmentEntry]


class _PlansFile(msgspec.Struct, forbid_unknown_fields=True):
    plan: list[_PlanEntry]


class _PayersFile(msgspec.Struct, forbid_unknown_fields=True):
    payer: list[Payer]


class _RulesFile(msgspec.Struct, forbid_unknown_fields=True):
    rules: list[RuleSet]


class _ProgrammesFile(msgspec.Struct, forbid_unknown_fields=True):
    programme: list[Programme]


class _ConsentsFile(msgspec.Struct, forbid_unknown_fields=True):
    form: list[ConsentForm]


class _MeasuresFile(msgspec.Struct, forbid_unknown_fields=True):
    measure: list[Measure]


class _SafetyFile(msgspec.Struct, forbid_unknown_fields=True):
    path: SafetyPath


class _FormsFile(msgspec.Struct, forbid_unknown_fields=True):
    form: list[Form]


def read_file(path: Path, shape: type[File]) -> File:
    """A TOML file as `shape`; nothing in it may be unknown or missing. Raises `CatalogError`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        read = msgspec.convert(content, shape)
    except FileNotFoundError:
        raise CatalogError(f"{path}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise CatalogError(f"{path}: {error}") from None
    _check_keys(path, content, msgspec.to_builtins(read))
    return read


def _check_keys(path: Path, given: object, known: object, place: str = "$") -> None:
    """Dataclasses would let a misspelt key pass, and a misspelt `flag_at` must not: whatever is given must be read."""
    if isinstance(given, dict) and isinstance(known, dict):
        for key, value in given.items():
            if key not in known:
                raise CatalogError(f"{path}: there is no such field: `{place}.{key}`")
            _check_keys(path, value, known[key], f"{place}.{key}")
    elif isinstance(given, list) and isinstance(known, list | tuple):
        for index, (value, other) in enumerate(zip(given, known, strict=True)):
            _check_keys(path, value, other, f"{place}[{index}]")


def flowing(value: Any) -> Any:
    """All texts in it as running lines: where a line of the file ended means nothing."""
    if type(value) is str:
        return " ".join(value.split())
    if isinstance(value, tuple):
        return tuple(flowing(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{field.name: flowing(getattr(value, field.name)) for field in fields(value)})
    return value


# --------------------------------------------------------------- checks


def _plan(folder: Path, entry: _PlanEntry) -> SessionPlan:
    plan = SessionPlan(
        id=entry.id,
        version=entry.version,
        title=entry.title,
        track=entry.track,
        segments=tuple(
            Segment(
                id=SegmentId(segment.id),
                kind=segment.kind,
                title=segment.title,
                planned_ms=segment.minutes * MINUTE_MS,
                card=segment.card.strip(),
            )
            for segment in entry.segment
        ),
    )
    where = f"{folder / 'plans.toml'}: plan {plan.id!r}"
    if plan.track not in TRACKS:
        raise CatalogError(f"{where}: track {plan.track!r} is neither 'adult' nor 'teen'")
    try:
        check_plan(plan)
    except Refusal as refusal:
        raise CatalogError(f"{where}: {refusal.text}") from None
    return plan


def _versions(path: Path, rules: list[RuleSet]) -> dict[str, tuple[RuleSet, ...]]:
    """All versions of each rule set, oldest first; ids in the order of the file. Raises `CatalogError`."""
    if not rules:
        raise CatalogError(f"{path}: there is no rule set in it")
    check_unique(path, [f"{rule.id} {rule.version}" for rule in rules])
    for rule in rules:
        _check_rules(path, rule)
    versions: dict[str, tuple[RuleSet, ...]] = {}
    for rule in rules:
        every = (*versions.get(rule.id, ()), rule)
        versions[rule.id] = tuple(sorted(every, key=lambda each: each.effective_from or date.min))
    for every in versions.values():
        for old, new in pairwise(every):
            if (old.effective_until or date.max) >= (new.effective_from or date.min):
                raise CatalogError(
                    f"{path}: rule set {old.id!r}: versions {old.version} and {new.version} are in force on the same "
                    "days; give the older one an effective_until and the newer one an effective_from"
                )
    return versions


def _check_rules(path: Path, rules: RuleSet) -> None:
    where = f"{path}: rule set {rules.id!r}"
    if set(rules.week_floor_min) != TRACKS:
        raise CatalogError(f"{where}: week_floor_min needs 'adult' and 'teen'")
    try:
        check_rules(rules)
    except Refusal as refusal:
        raise CatalogError(f"{where}: {refusal.text}") from None


def _check_payers(path: Path, payers: Sequence[Payer]) -> None:
    check_unique(path, [payer.id for payer in payers])
    for payer in payers:
        try:
            check_payer(payer)
        except Refusal as refusal:
            raise CatalogError(f"{path}: payer {payer.id!r}: {refusal.text}") from None


def _check_consents(path: Path, forms: Sequence[ConsentForm]) -> None:
    try:
        check_consents(forms)
    except Refusal as refusal:
        raise CatalogError(f"{path}: {refusal.text}") from None


def _check_safety(path: Path, safety: SafetyPath) -> None:
    try:
        check_path(safety)
    except Refusal as refusal:
        raise CatalogError(f"{path}: {refusal.text}") from None


def _check_measures(path: Path, measures: tuple[Measure, ...]) -> None:
    try:
        check_measures(measures)
    except Refusal as refusal:
        raise CatalogError(f"{path}: {refusal.text}") from None


def _check_programmes(
    path: Path, programmes: Sequence[Programme], rules: Container[str], measures: Sequence[MeasureId]
) -> None:
    check_unique(path, [programme.id for programme in programmes])
    for programme in programmes:
        where = f"{path}: programme {programme.id!r}"
        if not programme.id or programme.id == PLAIN.id:
            raise CatalogError(f"{where}: this id is not to be had; choose another")
        if programme.rules_id not in rules:
            raise CatalogError(f"{where}: there is no rule set {programme.rules_id!r}")
        try:
            check_programme(programme)
            check_due(programme.measures, measures)
        except Refusal as refusal:
            raise CatalogError(f"{where}: {refusal.text}") from None


def _check_forms(path: Path, forms: tuple[Form, ...]) -> None:
    for form in forms:
        where = f"{path}: form {form.id!r}"
        if form.segment_kind not in {kind.value for kind in SegmentKind}:
            raise CatalogError(f"{where}: no such kind of segment: {form.segment_kind}")
        for question in form.questions:
            if question.kind is QuestionKind.CHOICE and not question.choices:
                raise CatalogError(f"{where}: question {question.id!r} has no choices")
            if question.low > question.high:
                raise CatalogError(f"{where}: question {question.id!r} has low above high")
    try:
        check_forms(forms)
    except Refusal as refusal:
        raise CatalogError(f"{path}: {refusal.text}") from None


def check_unique(path: Path, names: Sequence[str]) -> None:
    """Raises `CatalogError` that names what is given twice."""
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise CatalogError(f"{path}: given twice: {', '.join(sorted(twice))}")
