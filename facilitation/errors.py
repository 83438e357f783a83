"""What the domain says no with."""

from __future__ import annotations

from facilitation.sentences import Sentence


class Refusal(Exception):
    """A rule says no. `code` is stable and documented; `text` is for the person who asked.

    `said` is that text as it was made, for whoever says it in another language (`facilitation/sentences.py`). Nothing
    has changed, and the connection stays.
    """

    def __init__(self, code: str, text: str | Sentence) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.said = text
        self.text = str(text)
