"""A page used by keys alone: what is wanted is reached with Tab, as its user would, and never by looking it up.

On the way everything that takes the focus must show that it has it, where it can be seen; and the focus must not get
lost.
"""

from __future__ import annotations

from playwright.async_api import Locator, Page

STEPS_MAX = 160
"""More than any page of ours has stops."""

AT = """(wanted) => {
  const here = document.activeElement;
  if (here === wanted) return {there: true, wrong: seen(here)};
  return {there: false, lost: here === document.body || here === null, wrong: here === document.body ? "" : seen(here)};

  function seen(element) {
    const name = element.outerHTML.replace(/\\s+/g, " ").slice(0, 110);
    const shown = element.closest("label.choice") ?? element;
    const marked = [element, shown, element.nextElementSibling].some((each) => {
      if (!each) return false;
      const style = getComputedStyle(each);
      return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    });
    if (!marked) return `shows no focus: ${name}`;
    const box = shown.getBoundingClientRect();
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    if (bottom - top < 1 || right - left < 1) return `is out of sight: ${name}`;
    const points = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]];
    const free = points.some(([x, y]) => {
      const found = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
      return found && (shown.contains(found) || found.contains(shown));
    });
    return free ? "" : `is covered: ${name}`;
  }
}"""


class Keys:
    """`wrong`: what was the matter on the way, in words."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []

    async def to(self, wanted: Locator) -> None:
        """Press Tab until it has the focus; once around the page at the most."""
        handle = await wanted.element_handle()
        assert handle is not None
        lost = 0
        for _ in range(STEPS_MAX):
            await self.page.keyboard.press("Tab")
            at = await handle.evaluate(AT)
            if at["wrong"]:
                self.wrong.append(f"{self.page.url}: {at['wrong']}")
            if at["there"]:
                return
            lost += at["lost"]
            assert lost < 2, f"{self.page.url}: Tab went around the page and never came to {wanted}"
        raise AssertionError(f"{self.page.url}: Tab does not come to {wanted}: something keeps it")

    async def press(self, wanted: Locator, key: str = "Enter") -> None:
        """Something that is pressed: a link, a button, a box to tick (with the space bar)."""
        await self.to(wanted)
        await self.page.keyboard.press(key)

    async def send(self, wanted: Locator) -> None:
        """A link or a button that leads to another page."""
        await self.to(wanted)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def type(self, wanted: Locator, text: str) -> None:
        await self.to(wanted)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(text)

    async def choose(self, wanted: Locator, option: str) -> None:
        """From a list that is folded: its first letters choose, as browsers have it."""
        await self.to(wanted)
        await self.page.keyboard.type(option)
        chosen = await wanted.evaluate("select => select.selectedOptions[0].text")
        assert chosen.startswith(option), f"{option!r} is not chosen, but {chosen!r}"
