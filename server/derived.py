"""What follows from readings of the store, kept until one of them is another object: counted once, not at each look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Derived(Generic[T]):
    """What follows from readings: made anew only when one of them is another object than it was."""

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._of: tuple[object, ...] = ()
        self._made: list[T] = []

    def of(self, *readings: object) -> T:
        if not self._made or any(a is not b for a, b in zip(self._of, readings, strict=True)):
            self._made, self._of = [self._make(*readings)], readings
        return self._made[0]
