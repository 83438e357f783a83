"""The finder for a whole clinic: everybody's week at once, with as many seats as there are.

`facilitation.finder` finds the best weeks of one teen, who takes the seats from the next. Here HiGHS looks at all of
them together and finds a week for as many as can have one; that number is proven. Then, one by one, each gives their
seats back and takes the best week that is there, by the very rank of the proposals: nobody loses theirs by it.
It blocks until it is done, for seconds: `apart.py` runs it beside the rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import highspy

from facilitation import crediting
from facilitation.finder import OFFERS_MAX, Explanation, Offer, Wish, find, fitting
from facilitation.ids import PersonId
from facilitation.placement import Stage
from facilitation.rules import RuleSet
from facilitation.timebase import MINUTE_MS
from facilitation.weeks import DAYS, is_counted

PLACED: Final = 1_000.0
"""What it is worth that one more person reaches their floor; a day costs one: no number of days outweighs it."""
ROUNDS: Final = 2
"""How often everybody looks for a better week; more changes hardly anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Who is to come to which offers (by their ids), and who found no place. `proven`: no plan places more people."""

    weeks: Mapping[PersonId, tuple[str, ...]]
    left_out: tuple[PersonId, ...]
    proven: bool


Tell = Callable[[Stage, int, int], None]
"""How far a search is: so many of so many."""


def _quiet(stage: Stage, done: int, of: int) -> None:
    """For whoever does not want to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """Whom to look at, and all there is. `suits`: the offers (by their ids) that are meant for somebody, of their
    programme and track; who is not in it may come to all."""

    wishes: Mapping[PersonId, Wish]
    offers: tuple[Offer, ...]
    suits: Mapping[PersonId, frozenset[str]] = field(default_factory=dict)

    def for_(self, person: PersonId) -> list[Offer]:
        theirs = self.suits.get(person)
        return [offer for offer in self.offers if theirs is None or offer.id in theirs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`why`: of everybody who found no place."""

    places: Places
    why: Mapping[PersonId, Explanation]


@dataclass(slots=True)
class _Model:
    """A linear model, put together row by row."""

    costs: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def variable(self, worth: float) -> int:
        """0 or 1, and what 1 is worth."""
        self.costs.append(-worth)
        return len(self.costs) - 1

    def row(self, terms: Sequence[tuple[int, float]], *, least: float = -highspy.kHighsInf, most: float) -> None:
        self.starts.append(len(self.columns))
        self.columns += [column for column, _ in terms]
        self.values += [value for _, value in terms]
        self.lower.append(least)
        self.upper.append(most)

    def solve(self, within_s: float) -> tuple[Sequence[float], bool]:
        """The values of all variables, and whether nothing is better by as much as one person."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # without types
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("time_limit", within_s)
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.setOptionValue("mip_abs_gap", PLACED / 2)
        solver.setOptionValue("random_seed", 1)
        count = len(self.costs)
        solver.addCols(count, self.costs, [0.0] * count, [1.0] * count, 0, [0] * count, [], [])
        whole = [highspy.HighsVarType.kInteger] * count
        solver.changeColsIntegrality(count, list(range(count)), whole)  # type: ignore[arg-type]  # lists do
        solver.addRows(
            len(self.lower), self.lower, self.upper, len(self.columns), self.starts, self.columns, self.values
        )
        solver.run()
        best = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return list(solver.getSolution().col_value), best


def search(clinic: Clinic, tell: Tell = _quiet) -> Found:
    """A week for as many as possible, and what would help those who have none. Raises Refusal as `place` does."""
    places = place(clinic, tell=tell)
    left = _left(clinic.offers, places.weeks)
    why, weeks = {}, dict(places.weeks)
    for number, person in enumerate(places.left_out):
        tell(Stage.EXPLAINING, number, len(places.left_out))
        now = [replace(offer, seats_left=left[offer.id]) for offer in clinic.for_(person)]
        found = find(clinic.wishes[person], now[:OFFERS_MAX])
        if found.explanation is not None:
            why[person] = found.explanation
        else:  # the solver was stopped before it had seen everything
            weeks[person] = tuple(offer.id for offer in found.proposals[0].offers)
            for offer in weeks[person]:
                left[offer] -= 1
    left_out = tuple(person for person in places.left_out if person not in weeks)
    return Found(places=replace(places, weeks=weeks, left_out=left_out), why=why)


def place(clinic: Clinic, *, within_s: float = 20.0, tell: Tell = _quiet) -> Places:
    """A week for as many as possible. Raises Refusal for weeks that cannot be looked at."""
    wishes, offers = clinic.wishes, clinic.offers
    model = _Model()
    takers: dict[str, list[int]] = {offer.id: [] for offer in offers}
    placed: dict[PersonId, int] = {}
    comes: dict[PersonId, dict[str, int]] = {}
    for number, (person, wish) in enumerate(wishes.items()):
        tell(Stage.LOOKING, number, len(wishes))
        placed[person] = model.variable(PLACED)
        fits = [offer for offer, _ in fitting(wish, clinic.for_(person))]
        comes[person] = _person(model, wish, fits, placed[person])
        for offer, variable in comes[person].items():
            takers[offer].append(variable)
    tell(Stage.SHARING, 0, 1)
    for each in offers:
        if len(takers[each.id]) > each.seats_left:
            model.row([(taker, 1.0) for taker in takers[each.id]], most=each.seats_left)
    values, proven = model.solve(within_s) if wishes else ([], True)
    weeks = {
        person: tuple(offer for offer, variable in comes[person].items() if values[variable] > 0.5)
        for person in wishes
        if values and values[placed[person]] > 0.5
    }
    better = _bettered(clinic, comes, weeks, tell)
    left_out = tuple(person for person in wishes if person not in better)
    return Places(weeks=better, left_out=left_out, proven=proven)


def _left(offers: Sequence[Offer], weeks: Mapping[PersonId, tuple[str, ...]]) -> dict[str, int]:
    """Seats of each offer that nobody takes."""
    left = {offer.id: offer.seats_left for offer in offers}
    for week in weeks.values():
        for offer in week:
            left[offer] -= 1
    return left


def _bettered(
    clinic: Clinic,
    fits: Mapping[PersonId, Mapping[str, int]],
    weeks: Mapping[PersonId, tuple[str, ...]],
    tell: Tell,
) -> dict[PersonId, tuple[str, ...]]:
    """The same people, each with the best week that the others leave them."""
    better = dict(weeks)
    known = {offer.id: offer for offer in clinic.offers}
    left = _left(clinic.offers, weeks)
    for turn in range(ROUNDS):
        before = dict(better)
        for number, (person, week) in enumerate(before.items()):
            tell(Stage.BETTERING, turn * len(before) + number, ROUNDS * len(before))
            for offer in week:
                left[offer] += 1
            open_ = [replace(known[each], seats_left=left[each]) for each in fits[person] if left[each] > 0]
            proposals = find(clinic.wishes[person], open_[:OFFERS_MAX]).proposals
            better[person] = tuple(offer.id for offer in proposals[0].offers) if proposals else week
            for offer in better[person]:
                left[offer] -= 1
        if better == before:
            break
    return better


def _person(model: _Model, wish: Wish, offers: Sequence[Offer], placed: int) -> dict[str, int]:
    """One person's variables, by the offers that fit them, and rows."""
    rules, track = wish.rules, wish.track
    comes = {offer.id: model.variable(-1.0) for offer in offers}
    for day in range(DAYS):
        that_day = [(comes[offer.id], 1.0) for offer in offers if offer.weekday == day]
        if len(that_day) > 1:
            model.row(that_day, most=1.0)
    minutes = [(comes[offer.id], float(_minutes(rules, track, offer))) for offer in offers]
    counted = {offer.id: 1.0 for offer in offers if is_counted(rules, track, (offer.counted_ms,))}
    days = [(comes[offer.id], counted[offer.id]) for offer in offers if offer.id in counted]
    inf = highspy.kHighsInf
    model.row([*minutes, (placed, -float(rules.week_floor_min.get(track, 0)))], least=0.0, most=inf)
    model.row([*days, (placed, -float(rules.week_days_min))], least=0.0, most=inf)
    if rules.week_ceiling_min.get(track):
        model.row(minutes, most=float(rules.week_ceiling_min[track]))
    if rules.gap_days_max is not None and rules.gap_days_max < DAYS:
        for first in range(DAYS):  # of so many days in a row one is counted
            window = {(first + number) % DAYS for number in range(rules.gap_days_max + 1)}
            inside = [(comes[offer.id], 1.0) for offer in offers if offer.weekday in window and offer.id in counted]
            model.row([*inside, (placed, -1.0)], least=0.0, most=inf)
    return comes


def _minutes(rules: RuleSet, track: str, offer: Offer) -> int:
    """What it gives to a week. Whole minutes, rounded down: what is reached so is reached."""
    if not rules.short_days_count and not is_counted(rules, track, (offer.counted_ms,)):
        return 0
    return crediting.kept_ms(rules, offer.counted_ms) // MINUTE_MS
