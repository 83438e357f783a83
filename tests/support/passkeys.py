"""A browser that can make passkeys, by the virtual authenticator that Chromium brings for tests."""

from __future__ import annotations

from playwright.async_api import Page

INSIDE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def authenticator(page: Page) -> None:
    """From here on, whoever uses this page says yes when it asks for a passkey."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": INSIDE})
