"""Every route: who may use it, where requests may come from, and what every answer carries."""

from __future__ import annotations

import pytest

from supportbot.dashboard.access import Access
from supportbot.dashboard.gate import Page
from supportbot.dashboard.rights import RIGHTS, Right
from supportbot.dashboard.routes import PAGES
from supportbot.errors import StoreUnavailable
from supportbot.model.catalog import OperatorRole
from supportbot.model.inbound import Attached
from tests.integration.dashboard.test_quarantine import set_aside
from tests.integration.dashboard.world import World

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ROLES = [None, *OperatorRole]


async def address(world: World, page: Page) -> str:
    """A path of this page at which there is something."""
    file = Attached("a.txt", "text/plain", b"hello")
    ticket = await world.ticket(files=[file])
    draft = await world.draft(ticket)
    other = await world.operator()
    return (
        page.path.replace("{ticket}", ticket.public_id)
        .replace("{draft:int}", str(draft))
        .replace("{completion:int}", "1")
        .replace("{attachment:int}", "1")
        .replace("{mail:int}", str(await set_aside(world)))
        .replace("{version:int}", str(world.policy_id))
        .replace("{operator:int}", str(other.id))
        .replace("{token}", "unknown")
    )


@pytest.mark.parametrize("role", ROLES, ids=lambda role: str(role or "nobody"))
@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
async def test_route_admits_exactly_the_roles_with_its_right(
    world: World, page: Page, role: OperatorRole | None
) -> None:
    path = await address(world, page)
    async with world.browser() as browser:
        token = ""
        if role is not None:
            await browser.enter(await world.operator(role))
            token = await browser.csrf()
        if page.method == "GET":
            response = await browser.get(path)
        else:
            form = {"csrf": token, "text": "x", "name": "New", "email": "new@desk.test"}
            response = await browser.post(path, form)
    assert response.headers["content-security-policy"] in {CSP, "sandbox"}
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["cache-control"] == "no-store"
    if page.right is Right.OPEN:
        assert response.status_code != 403
    elif role is None:
        shut = 401 if page.passive else 303
        assert response.status_code == shut
        assert page.passive or response.headers["location"].startswith("/login")
    elif page.right in RIGHTS[role]:
        assert response.status_code in {200, 303, 400}, response.text
        assert not response.headers.get("location", "").startswith("/login?next")
    else:
        assert response.status_code == 403


@pytest.mark.parametrize("path", ["/", "/login", "/account"])
async def test_a_database_that_is_away_is_told_on_a_page_of_ours(
    world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Already the look-up of the session fails then."""

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the server is away")

    async with world.signed_in() as browser:
        monkeypatch.setattr(Access, "session", away)
        response = await browser.get(path)
    assert response.status_code == 503
    assert "Try again in a moment" in response.text
    assert "the server is away" not in response.text


def test_every_route_that_changes_something_is_a_post() -> None:
    assert {page.method for page in PAGES} == {"GET", "POST"}
    acting = {page.path for page in PAGES if page.right is Right.ACT}
    assert all(page.method == "POST" for page in PAGES if page.path in acting)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
    ],
)
async def test_request_from_another_site_is_refused(world: World, headers: dict[str, str]) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as browser:
        token = await browser.csrf()
        response = await browser.client.post(
            f"/tickets/{ticket.public_id}/resolve", data={"csrf": token}, headers=headers
        )
        login = await browser.client.post("/login", data={}, headers=headers)
    assert response.status_code == login.status_code == 403
    assert (await world.reload(ticket)).status == "open"


@pytest.mark.parametrize("token", ["", "guess"])
async def test_form_without_the_token_of_the_session_is_refused(world: World, token: str) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as browser:
        response = await browser.post(f"/tickets/{ticket.public_id}/resolve", {"csrf": token})
    assert response.status_code == 403
    assert (await world.reload(ticket)).status == "open"


async def test_token_of_another_session_is_refused(world: World) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as one, world.signed_in() as other:
        token = await other.csrf()
        response = await one.post(f"/tickets/{ticket.public_id}/resolve", {"csrf": token})
    assert response.status_code == 403


async def test_too_much_text_is_refused(world: World) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as browser:
        response = await browser.act(f"/tickets/{ticket.public_id}/reply", text="x" * 500_000)
    assert response.status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/tickets/NOPE", "/tickets/%00", "/policies/99", "/policies/99999999999999999999999"],
)
async def test_unknown_thing_is_not_found(world: World, path: str) -> None:
    async with world.signed_in() as browser:
        assert (await browser.get(path)).status_code == 404


async def test_assets_are_kept_for_ever_under_a_name_of_their_content(world: World) -> None:
    async with world.browser() as browser:
        page = (await browser.get("/login")).text
        url = page.split('rel="stylesheet" href="')[1].split('"')[0]
        found = await browser.get(url)
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert found.headers["content-type"] == "text/css; charset=utf-8"
        assert (await browser.get("/assets/0000000000000000/tokens.css")).status_code == 404
        assert (await browser.get("/assets/x/..%2f..%2frendering.py")).status_code == 404


@pytest.mark.parametrize("path", ["/login", "/inbox", "/drafts", "/overview", "/account"])
async def test_page_loads_nothing_from_elsewhere_and_holds_no_inline_script_or_style(
    world: World, path: str
) -> None:
    async with world.signed_in() as browser:
        text = (await browser.get(path)).text
    assert "style=" not in text
    assert "<style" not in text
    assert "<script>" not in text
    assert " onclick" not in text
    assert "//" not in text.replace("<!doctype", "")
