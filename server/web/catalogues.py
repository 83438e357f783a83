"""The catalogues of messages: `webclient/words/LANGUAGE.po`, with the English text as the name of each message.

A message whose place is in the browser's code, or in what the room tells browsers, goes to browsers as well: as a
module of its own, whose address changes with its content.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

FOLDER: Final = Path(__file__).parents[2] / "webclient/words"
ENGLISH: Final = "en"
LANGUAGES: Final = {ENGLISH: "English", "es": "Español"}
"""What can be chosen, each in its own words. A language here has a catalogue; English needs none."""


@dataclass(frozen=True)
class Catalogue:
    """`messages`: by the English text, what stands for it; of a plural, by the English singular, each of its forms.

    `shared`: those of them that browsers need.
    """

    language: str
    messages: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    shared: frozenset[str] = frozenset()

    @cached_property
    def script(self) -> str:
        """What browsers need, as a module; "" where that is nothing."""
        if not self.shared:
            return ""
        told = json.dumps({each: self.messages[each] for each in sorted(self.shared)}, ensure_ascii=False)
        return f"export const language = {json.dumps(self.language)};\nexport const messages = {told};\n"

    @cached_property
    def address(self) -> str:
        """Where browsers find it; "" where there is nothing to find."""
        if not self.script:
            return ""
        return f"/words/{self.language}-{hashlib.sha256(self.script.encode()).hexdigest()[:16]}.mjs"


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalogue:
    """Read once, from this machine's own files."""
    if language == ENGLISH:
        return Catalogue(language)
    with (FOLDER / f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)
    messages: dict[str, str | tuple[str, ...]] = {}
    shared = set()
    for each in read:
        name = each.id if isinstance(each.id, str) else each.id[0]
        if not name or each.fuzzy or not each.string:
            continue
        messages[name] = each.string if isinstance(each.string, str) else tuple(each.string)
        if any(_for_browsers(place) for place, _ in each.locations):
            shared.add(name)
    return Catalogue(language, messages, frozenset(shared))


def _for_browsers(place: str) -> bool:
    return place.endswith(".mjs") or place.startswith(
        ("facilitation/", "server/door/", "server/rooms/", "server/wire/")
    )
