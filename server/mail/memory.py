"""Letters kept in this process's memory, for tests to read."""

from __future__ import annotations

from server.mail.letter import Letter


class Pocket:
    """The port `Mail`: every letter is there at once."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def send(self, letter: Letter) -> None:
        if all(each.key != letter.key for each in self.letters):
            self.letters.append(letter)
