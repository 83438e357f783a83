"""The finder: weekly groups that reach the floor of a rule set and never touch school.

An *offer* is one weekly session of a cohort, with the meetings it has while somebody looks ahead. A *pattern* is a set
of offers, at most one a day. It is proposed when it reaches the floor in every week by the rule set's own arithmetic
(`weeks`) and no meeting of it lies in anything that a teen does every week, or nearer than its margin. What happens
once (an exam day, a match) takes out the meetings it touches; if such a week then lacks minutes, single meetings of
other offers are added to it.

The search is exact. Patterns are tried by number of days, then of cohorts, so that it can stop at the first that
suffice; what cannot reach the floor any more is not tried. If there is nothing, every set of one change, then of two,
is tried: the smallest that helps is proven to be the smallest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from itertools import combinations, pairwise, product

from facilitation import crediting
from facilitation.errors import Refusal
from facilitation.ids import SessionId
from facilitation.rules import RuleSet
from facilitation.school import Busy, Reason, in_the_way
from facilitation.sentences import Sentence
from facilitation.timebase import MINUTE_MS, Instant
from facilitation.weeks import DAYS, first_day, is_counted

PROPOSALS_MAX = 5
WEEKS_MAX = 20
OFFERS_MAX = 150
ADDED_MAX = 2
"""Most meetings that are added to a week that an exam or a match took some from."""
CHANGES_MAX = 2
CHANGE_MIN_MAX = 90
"""By more than this nobody is asked to end something earlier or to begin it later."""
LATE = time(20, 30)
"""On the teen's wall clock: a group that ends later makes a late night."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """One session of a cohort: `day` is the one it begins on where it is held. `seats_left` of this very session."""

    session: SessionId
    day: date
    start: Instant
    end: Instant
    seats_left: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One weekly session of `cohort`, and what it counts for by the rules. `weekday`: 0 is Monday.

    `seats_left`: places in the cohort that nobody has. `group`: its name as a teen may read it.
    """

    id: str
    cohort: str
    group: str
    weekday: int
    counted_ms: int
    seats_left: int
    meetings: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """For whom: `busy` in order of time, `zone` of their wall clock, the weeks from `first` to `last` (whole ones are
    looked at). `stay`: cohorts that they are in, and should rather not leave."""

    track: str
    rules: RuleSet
    zone: tzinfo
    busy: tuple[Busy, ...]
    first: date
    last: date
    stay: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OddWeek:
    """A week that is not like the others: `out`, meetings that fall out; `added`, what makes up for them.

    `minutes`: what the week comes to; `floor_min` is missed if it is less, or if counted days lack.
    """

    first: date
    out: tuple[str, ...]
    added: tuple[tuple[str, Meeting], ...]
    minutes: int
    reached: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`minutes` of an ordinary week. `late`: how many of its evenings end after LATE."""

    offers: tuple[Offer, ...]
    minutes: int
    counted_days: int
    late: int
    odd_weeks: tuple[OddWeek, ...]

    @property
    def cohorts(self) -> tuple[str, ...]:
        return tuple(sorted({offer.cohort for offer in self.offers}))


class ChangeKind(StrEnum):
    ENDS_EARLIER = "ends_earlier"
    STARTS_LATER = "starts_later"
    MARGIN = "margin"
    """Less time for the way and a rest."""
    SEAT = "seat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that would have to be otherwise. `minutes`: by how much; 0 for a seat, which `cohort` names."""

    kind: ChangeKind
    minutes: int
    reason: Reason | None = None
    cohort: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """If all `changes` were made, `proposal` would be there."""

    changes: tuple[Change, ...]
    proposal: Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why there is nothing. `best_min`, `best_days`: the most minutes and the most counted days a week that fit as
    it is; `short_min`, `short_days`: what they lack. `enough`: whether the offers would do if nothing were in the way.
    `helps`: the smallest changes that help, each the smallest of its kind; empty: no two changes do.
    """

    best_min: int
    best_days: int
    short_min: int
    short_days: int
    enough: bool
    helps: tuple[Help, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Ranked proposals, or why there is none."""

    proposals: tuple[Proposal, ...] = ()
    explanation: Explanation | None = None


# --------------------------------------------------------------- what a week of a pattern comes to


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A week as the rule set sees it; the same arithmetic as `weeks.week`, for patterns that repeat."""

    minutes: int
    counted_days: int
    reached: bool


def week_sum(rules: RuleSet, track: str, by_day: Mapping[int, int], *, alone: bool = False) -> Sum:
    """`by_day`: weekday → what counts of its session, in milliseconds. The gap rule is looked at as if every week were
    like this one; not where the week stands `alone`."""
    counted = sorted(day for day, ms in by_day.items() if is_counted(rules, track, (ms,)))
    standing = by_day.values() if rules.short_days_count else [by_day[day] for day in counted]
    minutes = sum(crediting.kept_ms(rules, ms) for ms in standing) // MINUTE_MS
    ceiling = rules.week_ceiling_min.get(track, 0)
    reached = (
        minutes >= rules.week_floor_min.get(track, 0)
        and len(counted) >= rules.week_days_min
        and (not ceiling or minutes <= ceiling)
        and (alone or not _has_gap(rules, counted))
    )
    return Sum(minutes=minutes, counted_days=len(counted), reached=reached)


def _has_gap(rules: RuleSet, counted: Sequence[int]) -> bool:
    if rules.gap_days_max is None:
        return False
    if not counted:
        return True
    around = [*counted, counted[0] + DAYS]
    return any(after - before - 1 > rules.gap_days_max for before, after in pairwise(around))


# --------------------------------------------------------------- what fits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """An offer and how it lies in one teen's weeks: which of its weeks fall out, and how late it ends."""

    offer: Offer
    out: frozenset[date]
    late: bool


@dataclass(frozen=True, kw_only=True)
class _Search:
    """What is looked at again and again, made once."""

    wish: Wish
    offers: tuple[Offer, ...]
    weeks: tuple[date, ...]
    mended: dict[tuple[object, ...], tuple[tuple[tuple[str, Meeting], ...], Sum]] = field(default_factory=dict)

    @cached_property
    def free(self) -> tuple[tuple[Offer, Meeting, date], ...]:
        """Meetings with a seat that touch nothing at all: what can be added to a week."""
        return tuple(
            (offer, meeting, first_day(self.wish.rules, meeting.day))
            for offer in self.offers
            for meeting in offer.meetings
            if meeting.seats_left > 0 and not in_the_way(self.wish.busy, meeting.start, meeting.end)
        )


def find(wish: Wish, offers: Iterable[Offer]) -> Found:
    """Up to PROPOSALS_MAX patterns, the best first, or why there is none. Raises Refusal for more than can be tried."""
    search = _search(wish, offers)
    opened = _sorted(search).opened
    proposals = _proposals(search, opened, PROPOSALS_MAX)
    return Found(proposals=proposals) if proposals else Found(explanation=_explain(search, opened))


def fitting(wish: Wish, offers: Iterable[Offer]) -> tuple[tuple[Offer, bool], ...]:
    """The offers that fit somebody, each with whether it makes a late evening: for whoever searches by other means."""
    return tuple((each.offer, each.late) for each in _sorted(_search(wish, offers, most=None)).opened)


def _search(wish: Wish, offers: Iterable[Offer], most: int | None = OFFERS_MAX) -> _Search:
    everything = tuple(sorted(offers, key=lambda offer: offer.id))
    if most is not None and len(everything) > most:
        raise Refusal(
            "too_many",
            Sentence("That are more than {most} weekly groups to choose from. Please choose fewer.", most=OFFERS_MAX),
        )
    begin = first_day(wish.rules, wish.first)
    begin = begin if begin >= wish.first else begin + timedelta(days=DAYS)
    weeks = []
    while begin + timedelta(days=DAYS - 1) <= wish.last:
        weeks.append(begin)
        begin += timedelta(days=DAYS)
    if not 1 <= len(weeks) <= WEEKS_MAX:
        raise Refusal("bad_days", Sentence("Please choose from 1 to {most} whole weeks.", most=WEEKS_MAX))
    return _Search(wish=wish, offers=everything, weeks=tuple(weeks))


def _lying(search: _Search, offer: Offer) -> _Candidate:
    """As if nothing of every week were in its way."""
    rules = search.wish.rules
    held = {
        first_day(rules, meeting.day)
        for meeting in offer.meetings
        if all(one.reason.weekly for one in in_the_way(search.wish.busy, meeting.start, meeting.end))
    }
    late = any(_ends_late(meeting.end, search.wish.zone) for meeting in offer.meetings)
    return _Candidate(offer=offer, out=frozenset(search.weeks) - held, late=late)


def _ends_late(end: Instant, zone: tzinfo) -> bool:
    """Whether it ends after LATE, or in the small hours."""
    at = datetime.fromtimestamp(end // 1_000, UTC).astimezone(zone).time()
    return at > LATE or at < time(5)


def _obstacles(search: _Search, offer: Offer) -> dict[Reason, list[tuple[Busy, Meeting]]]:
    """What is in the way of an offer, with every meeting it touches in the weeks that are looked at."""
    first, last = search.weeks[0], search.weeks[-1] + timedelta(days=DAYS - 1)
    found: dict[Reason, list[tuple[Busy, Meeting]]] = {}
    for meeting in offer.meetings:
        if first <= meeting.day <= last:
            for one in in_the_way(search.wish.busy, meeting.start, meeting.end):
                found.setdefault(one.reason, []).append((one, meeting))
    return found


# --------------------------------------------------------------- the search


def _proposals(search: _Search, candidates: Sequence[_Candidate], most: int) -> tuple[Proposal, ...]:
    """The best patterns, each of other days or other cohorts, none of more than one day more than the fewest. Those
    with a week below the floor only if there are no others."""
    for whole in (True, False):
        found: dict[tuple[object, ...], tuple[tuple[object, ...], Proposal]] = {}
        fewest = DAYS
        for count, patterns in _patterns(search, candidates):
            if len(found) >= most or count > fewest + 1:
                break
            for pattern in patterns:
                proposal = _proposal(search, pattern)
                if whole and not all(odd.reached for odd in proposal.odd_weeks):
                    continue
                fewest = min(fewest, count)
                key = (proposal.cohorts, tuple(offer.weekday for offer in proposal.offers))
                rank = _rank(search, proposal)
                if key not in found or rank < found[key][0]:
                    found[key] = rank, proposal
        if found:
            best = sorted(found.values(), key=lambda each: each[0])
            return tuple(proposal for _, proposal in best[:most])
    return ()


def _patterns(
    search: _Search, candidates: Sequence[_Candidate]
) -> Iterator[tuple[int, Iterator[tuple[_Candidate, ...]]]]:
    """Every smallest pattern that reaches the floor of an ordinary week: a number of days, and those of that many days
    and of one cohort, then of two …"""
    by_day: dict[int, list[_Candidate]] = {}
    for candidate in candidates:
        by_day.setdefault(candidate.offer.weekday, []).append(candidate)
    for count in range(1, len(by_day) + 1):
        for cohorts in range(1, count + 1):
            yield count, _of_size(search, by_day, count, cohorts)


def _of_size(
    search: _Search, by_day: Mapping[int, Sequence[_Candidate]], count: int, cohorts: int
) -> Iterator[tuple[_Candidate, ...]]:
    for days in combinations(sorted(by_day), count):
        yield from _fillings(search.wish, [by_day[day] for day in days], cohorts)


def _fillings(
    wish: Wish, days: Sequence[Sequence[_Candidate]], cohorts_exactly: int
) -> Iterator[tuple[_Candidate, ...]]:
    """One offer for each of `days`, of so many cohorts, that together reach the floor and of which none is spare."""
    floor_ms = wish.rules.week_floor_min.get(wish.track, 0) * MINUTE_MS
    most_ms = [max(each.offer.counted_ms for each in day) for day in days]
    rest_ms = [sum(most_ms[index:]) for index in range(len(days) + 1)]

    def fill(
        index: int, chosen: tuple[_Candidate, ...], cohorts: frozenset[str], sum_ms: int
    ) -> Iterator[tuple[_Candidate, ...]]:
        if sum_ms + rest_ms[index] < floor_ms or len(cohorts) + len(days) - index < cohorts_exactly:
            return
        if index == len(days):
            if _reaches(wish, chosen) and not _has_spare(wish, chosen):
                yield chosen
            return
        for candidate in days[index]:
            more = cohorts | {candidate.offer.cohort}
            if len(more) <= cohorts_exactly:
                yield from fill(index + 1, (*chosen, candidate), more, sum_ms + candidate.offer.counted_ms)

    yield from fill(0, (), frozenset(), 0)


def _reaches(wish: Wish, chosen: Iterable[_Candidate]) -> bool:
    by_day = {each.offer.weekday: each.offer.counted_ms for each in chosen}
    return week_sum(wish.rules, wish.track, by_day).reached


def _has_spare(wish: Wish, chosen: tuple[_Candidate, ...]) -> bool:
    """Whether one of them could be left out."""
    lengths_ms = [each.offer.counted_ms for each in chosen]
    if sum(lengths_ms) - min(lengths_ms) < wish.rules.week_floor_min.get(wish.track, 0) * MINUTE_MS:
        return False
    return len(chosen) > 1 and any(_reaches(wish, chosen[:index] + chosen[index + 1 :]) for index in range(len(chosen)))


def _proposal(search: _Search, pattern: tuple[_Candidate, ...]) -> Proposal:
    wish = search.wish
    offers = tuple(each.offer for each in pattern)
    told = week_sum(wish.rules, wish.track, {offer.weekday: offer.counted_ms for offer in offers})
    return Proposal(
        offers=offers,
        minutes=told.minutes,
        counted_days=told.counted_days,
        late=sum(each.late for each in pattern),
        odd_weeks=tuple(
            _odd_week(search, week, pattern) for week in search.weeks if any(week in each.out for each in pattern)
        ),
    )


def _rank(search: _Search, proposal: Proposal) -> tuple[object, ...]:
    """Fewest days, then cohorts (those one is in first), late nights, odd weeks; spread evenly; long before short."""
    days = [offer.weekday for offer in proposal.offers]
    gaps = [after - before for before, after in pairwise([*days, days[0] + DAYS])]
    return (
        len(days),
        len(proposal.cohorts),
        sum(cohort not in search.wish.stay for cohort in proposal.cohorts) if search.wish.stay else 0,
        proposal.late,
        len(proposal.odd_weeks),
        sum(gap * gap for gap in gaps),
        -proposal.minutes,
        tuple(offer.id for offer in proposal.offers),
    )


# --------------------------------------------------------------- weeks that are not like the others


def _odd_week(search: _Search, week: date, pattern: tuple[_Candidate, ...]) -> OddWeek:
    left = {each.offer.weekday: each.offer.counted_ms for each in pattern if week not in each.out}
    key = week, tuple(sorted(left.items()))
    if key not in search.mended:
        search.mended[key] = _mended(search, week, left)
    added, told = search.mended[key]
    return OddWeek(
        first=week,
        out=tuple(each.offer.id for each in pattern if week in each.out),
        added=added,
        minutes=told.minutes,
        reached=told.reached,
    )


def _mended(search: _Search, week: date, left: Mapping[int, int]) -> tuple[tuple[tuple[str, Meeting], ...], Sum]:
    """The fewest meetings which, added to what is left of a week, reach the floor; if none do, those that come nearest.

    Of as many, the earliest.
    """
    wish = search.wish
    there = week_sum(wish.rules, wish.track, left, alone=True)
    best, told_best = _nearness(there, ()), there
    added_best: tuple[tuple[str, Meeting], ...] = ()
    free = [each for each in search.free if each[2] == week and each[1].day.weekday() not in left]
    for count in range(1, ADDED_MAX + 1):
        if told_best.reached:
            break
        for added in combinations(free, count):
            days = {meeting.day.weekday(): offer.counted_ms for offer, meeting, _ in added}
            if len(days) == count:
                told = week_sum(wish.rules, wish.track, {**left, **days}, alone=True)
                nearness = _nearness(told, [meeting for _, meeting, _ in added])
                if nearness < best:
                    best, told_best = nearness, told
                    added_best = tuple((offer.id, meeting) for offer, meeting, _ in added)
    return added_best, told_best


def _nearness(told: Sum, added: Sequence[Meeting]) -> tuple[bool, int, int, tuple[Instant, ...]]:
    """The least is the best."""
    lacking = 0 if told.reached else -told.minutes
    return not told.reached, lacking, len(added), tuple(meeting.start for meeting in added)


# --------------------------------------------------------------- why there is nothing, and what would help


@dataclass(frozen=True, slots=True, kw_only=True)
class _Closed:
    """An offer that does not fit: each of `ways` is a set of changes that would open it."""

    candidate: _Candidate
    ways: tuple[frozenset[Change], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorted:
    """All offers: those that fit, and those that a change or two would open."""

    opened: tuple[_Candidate, ...]
    closed: tuple[_Closed, ...]


def _sorted(search: _Search) -> _Sorted:
    opened, closed = [], []
    for offer in search.offers:
        ways = _ways(search, offer)
        if frozenset() in ways:
            opened.append(_lying(search, offer))
        elif ways:
            closed.append(_Closed(candidate=_lying(search, offer), ways=ways))
    return _Sorted(opened=tuple(opened), closed=tuple(closed))


def _explain(search: _Search, opened: Sequence[_Candidate]) -> Explanation:
    wish = search.wish
    best_min, best_days = _best(wish, opened)
    return Explanation(
        best_min=best_min,
        best_days=best_days,
        short_min=max(0, wish.rules.week_floor_min.get(wish.track, 0) - best_min),
        short_days=max(0, wish.rules.week_days_min - best_days),
        enough=_feasible(search, [_lying(search, offer) for offer in search.offers]),
        helps=_helps(search),
    )


def _best(wish: Wish, candidates: Sequence[_Candidate]) -> tuple[int, int]:
    """The most minutes and the most counted days that these offers can give a week."""
    longest: dict[int, int] = {}
    for each in candidates:
        longest[each.offer.weekday] = max(longest.get(each.offer.weekday, 0), each.offer.counted_ms)
    told = week_sum(wish.rules, wish.track, longest)
    return told.minutes, told.counted_days


def _feasible(search: _Search, candidates: Sequence[_Candidate]) -> bool:
    return any(True for _, patterns in _patterns(search, candidates) for _ in patterns)


def _ways(search: _Search, offer: Offer) -> tuple[frozenset[Change], ...]:
    """Every set of at most CHANGES_MAX changes, margins aside, that makes an offer fit; an empty one if it does."""
    choices = [_yields(reason, touched) for reason, touched in _obstacles(search, offer).items() if reason.weekly]
    if offer.seats_left <= 0:
        choices.append([Change(kind=ChangeKind.SEAT, minutes=0, cohort=offer.cohort, group=offer.group)])
    if len(choices) > CHANGES_MAX:
        return ()
    return tuple(frozenset(way) for way in product(*choices))


def _yields(reason: Reason, touched: Sequence[tuple[Busy, Meeting]]) -> list[Change]:
    """How something weekly could make room for all these meetings: by its end or by its begin."""
    length = min(one.end - one.start for one, _ in touched)
    earlier = max(one.end + one.margin_ms - meeting.start for one, meeting in touched)
    later = max(meeting.end - one.start + one.margin_ms for one, meeting in touched)
    return [
        Change(kind=kind, minutes=-(-by_ms // MINUTE_MS), reason=reason)
        for kind, by_ms in ((ChangeKind.ENDS_EARLIER, earlier), (ChangeKind.STARTS_LATER, later))
        if by_ms < length and by_ms <= CHANGE_MIN_MAX * MINUTE_MS
    ]


def _cuts(search: _Search) -> list[int]:
    """By how many minutes the margin could be less, so that something is no longer in the way of some offer."""
    cuts = set()
    for offer in search.offers:
        for reason, touched in _obstacles(search, offer).items():
            if reason.weekly:
                over_ms = max(
                    min(one.end + one.margin_ms - each.start, each.end - one.start + one.margin_ms)
                    for one, each in touched
                )
                if all(over_ms <= one.margin_ms for one, _ in touched):
                    cuts.add(-(-over_ms // MINUTE_MS))
    return sorted(cuts)


def _with_less_margin(search: _Search, cut_min: int) -> _Search:
    cut_ms = cut_min * MINUTE_MS
    less = tuple(replace(one, margin_ms=max(0, one.margin_ms - cut_ms)) for one in search.wish.busy)
    return _Search(wish=replace(search.wish, busy=less), offers=search.offers, weeks=search.weeks)


def _weight(changes: Iterable[Change]) -> tuple[int, int, list[str]]:
    """Fewest changes, then fewest minutes; then always the same order."""
    some = list(changes)
    return len(some), sum(one.minutes for one in some), sorted(f"{one}" for one in some)


def _helps(search: _Search) -> tuple[Help, ...]:
    """Of all sets of one change, else of two, that help: that of the fewest minutes, and that of seats alone; both
    kinds in one set only if nothing else helps."""
    margins = {cut: _with_less_margin(search, cut) for cut in _cuts(search)}
    tries = [(frozenset[Change](), search, _sorted(search))]
    tries += [
        (frozenset({Change(kind=ChangeKind.MARGIN, minutes=cut)}), less, _sorted(less)) for cut, less in margins.items()
    ]
    for count in range(1, CHANGES_MAX + 1):
        found: dict[str, Help] = {}
        sets = [
            (first | some, some, less, order)
            for first, less, order in tries
            for some in _sets(order, count - len(first))
        ]
        for changes, some, less, order in sorted(sets, key=lambda each: _weight(each[0])):
            kind = _kind(changes)
            if kind in found:
                continue
            more = [one.candidate for one in order.closed if any(_covers(some, way) for way in one.ways)]
            there = _proposals(less, [*order.opened, *more], 1) if more or not some else ()
            if there:
                ordered = tuple(sorted(changes, key=lambda one: _weight([one])))
                found[kind] = Help(changes=ordered, proposal=there[0])
        if found:
            return tuple(found[kind] for kind in ("time", "seat") if kind in found) or (found["both"],)
    return ()


def _sets(order: _Sorted, count: int) -> Iterator[frozenset[Change]]:
    """All sets of `count` changes of different things, among those that would open an offer."""
    singles = {change for one in order.closed for way in one.ways for change in way}
    for some in combinations(sorted(singles, key=lambda one: _weight([one])), count):
        if len({(one.reason, one.cohort) for one in some}) == count:
            yield frozenset(some)


def _kind(changes: Iterable[Change]) -> str:
    kinds = {change.kind is ChangeKind.SEAT for change in changes}
    return "both" if len(kinds) > 1 else "seat" if True in kinds else "time"


def _covers(changes: Iterable[Change], way: Iterable[Change]) -> bool:
    """Whether making `changes` makes all of `way`, too."""
    made = {(one.kind, one.reason, one.cohort): one.minutes for one in changes}
    return all(made.get((one.kind, one.reason, one.cohort), -1) >= one.minutes for one in way)
