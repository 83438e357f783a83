"""A browser that can make passkeys, by the virtual authenticator that Chromium brings for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from playwright.async_api import Page

INSIDE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def authenticator(page: Page) -> Callable[[bool], Awaitable[None]]:
    """From here on, whoever uses this page says yes when it asks for a passkey; by what is given back, no or yes."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": INSIDE})

    async def agree(yes: bool) -> None:
        asked = {"authenticatorId": made["authenticatorId"], "enabled": yes}
        await session.send("WebAuthn.setAutomaticPresenceSimulation", asked)

    return agree
