"""What keeps somebody out of a page that axe does not look for: width, landmarks, focus, keys, size, motion."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page, ViewportSize

from server.mail.letter import revealing
from tests.support.browser import AXE

NARROW: ViewportSize = {"width": 320, "height": 640}
"""What is left of a laptop's width at 400 %, and more than enough of it at 200 % (WCAG 1.4.10)."""
TOUCH_PX = 44
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}
GOOD_PRACTICE = ("landmark-one-main", "page-has-heading-one", "heading-order", "region", "tabindex", "skip-link")
"""Of axe's rules beside WCAG's."""

LOOK = Path(__file__).with_suffix(".js").read_text().rstrip().removesuffix(";")
AXE_SOURCE = AXE.read_text() if AXE.exists() else ""


async def hindrances(page: Page) -> list[str]:
    """All that keeps somebody out of the page as it stands, in words."""
    if not await page.evaluate("() => typeof window.axe === 'object'"):
        await page.evaluate(AXE_SOURCE)
    await page.keyboard.press("Tab")  # from here on focus is shown as to whoever uses keys
    found: list[str] = await page.evaluate(LOOK, [RULES, list(GOOD_PRACTICE), TOUCH_PX])
    title = await page.title()
    return [*found, *(f"its title says {word}" for word in revealing(title))]


async def typed_into(page: Page, action: str, fields: dict[str, str]) -> None:
    """Fill in the form that goes to `action` (as it begins) as its page lets nobody do, and send it."""
    async with page.expect_navigation():
        await page.evaluate(
            """([action, fields]) => {
              const form = [...document.querySelectorAll("main form")].find((form) =>
                form.method === "post" && new URL(form.action).pathname.startsWith(action)
                && Object.keys(fields).every((name) => form.elements[name]));
              if (!form) throw new Error(`no form goes to ${action} with ${Object.keys(fields)}`);
              form.noValidate = true;
              for (const [name, value] of Object.entries(fields)) {
                const field = form.elements[name];
                field.removeAttribute?.("type");
                field.value = value;
              }
              form.requestSubmit();
            }""",
            [action, fields],
        )


def kept(fields: dict[str, str]) -> str:
    """JavaScript that says which of these are no longer in any field."""
    return f"""() => Object.entries({json.dumps(fields)})
      .filter(([name, value]) => ![...document.getElementsByName(name)].some((field) =>
        field.value === value || field.getAttribute("value") === value))
      .map(([name]) => name)"""


def cookies(held: dict[str, Any], url: str) -> list[Any]:
    return [{"name": name, "value": morsel.value, "url": url} for name, morsel in held.items()]
