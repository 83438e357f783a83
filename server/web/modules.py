"""What a page's script brings with it: all modules that it imports, told to the browser at once.

Without this a browser learns of a module only when it has read the one that imports it: on a phone with a slow line,
as many waits as the imports are deep.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from posixpath import dirname, join, normpath

IMPORT = re.compile(
    r"""^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']""", re.MULTILINE
)
"""Those that are written at the top; what is imported later, when it is needed, need not come at once."""


class Modules:
    """`places`: the folder behind each address that modules are served at, `{"/static": …}`."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = places
        self.behind = lru_cache(maxsize=16)(self._behind)

    def _behind(self, address: str) -> tuple[str, ...]:
        """The addresses of everything that the module at `address` imports, directly or not; it is not among them.

        The nearest come first. One that we do not serve, or that is not there, is left out.
        """
        found: dict[str, None] = {}
        wave = [address]
        while wave:
            wave = [new for each in wave for new in self._imports(each) if new not in found and new != address]
            found |= dict.fromkeys(wave)
        return tuple(found)

    def _imports(self, address: str) -> list[str]:
        file = self._file(address)
        if file is None:
            return []
        said = (first or second for first, second in IMPORT.findall(file.read_text()))
        there = [normpath(join(dirname(address), each)) for each in said if each.startswith(("/", "."))]
        return [each for each in dict.fromkeys(there) if self._file(each) is not None]

    def _file(self, address: str) -> Path | None:
        for place, folder in self._places.items():
            if address.startswith(place + "/"):
                file = folder / address.removeprefix(place + "/")
                return file if file.is_file() and file.resolve().is_relative_to(folder.resolve()) else None
        return None
