"""Lists that may be long: which page of them is asked for, whom a search means, and the ways to the other pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

from server.web.auth import Visitor

T = TypeVar("T")

SHOWN: Final = 50
"""Rows of one page."""
WORDS_CHARS_MAX: Final = 60
NUMBER: Final = re.compile(r"[1-9][0-9]{0,6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a list somebody asks for. `text`: as they typed it; `page`: counted from 1."""

    text: str = ""
    page: int = 1

    @property
    def words(self) -> tuple[str, ...]:
        """What has to stand in whatever fits, each of them somewhere."""
        return tuple(self.text.casefold().split())

    def fits(self, told: str) -> bool:
        """`told`: casefolded."""
        return all(word in told for word in self.words)


def asked(request: Request) -> Asked:
    text, page = (request.query_params.get(name, "") for name in ("q", "page"))
    return Asked(text=text[:WORDS_CHARS_MAX], page=int(page) if NUMBER.fullmatch(page) else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Generic[T]):
    """One page of a list: `number` of `count`. `first` and `last`: the places of its rows among all, from 1."""

    rows: Sequence[T]
    number: int
    count: int
    first: int
    last: int
    total: int


def leaf(every: Sequence[T], page: int, *, shown: int = SHOWN) -> Leaf[T]:
    """The page that is asked for; where there are fewer, the last one."""
    count = max(1, -(-len(every) // shown))
    number = min(page, count)
    begin = (number - 1) * shown
    rows = every[begin : begin + shown]
    return Leaf(
        rows=rows, number=number, count=count, first=begin + 1 if rows else 0, last=begin + len(rows), total=len(every)
    )


def ways(path: str, of: Leaf[T], me: Visitor, **kept: str) -> dict[str, object]:
    """What `parts/pages.html` needs: where this page stands, and those beside it. `kept`: what was asked besides."""

    def to(number: int) -> str:
        return address(path, me, **kept, page=str(number) if number > 1 else "")

    return {
        "first": of.first,
        "last": of.last,
        "total": of.total,
        "number": of.number,
        "count": of.count,
        "before": to(of.number - 1) if of.number > 1 else "",
        "after": to(of.number + 1) if of.number < of.count else "",
    }


def address(path: str, me: Visitor, **query: str) -> str:
    """With what is not empty of `query`, in the seat of whoever asks."""
    seat = {"seat": str(me.number)} if me.number > 1 else {}
    told: Mapping[str, str] = seat | {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(told)}" if told else path
