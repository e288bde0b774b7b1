"""The web chat as a visitor's browser meets it, with the whole bot behind it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from supportbot.channels.web.channel import WebChannel
from supportbot.channels.web.config import WebConfig
from supportbot.errors import StoreUnavailable
from supportbot.model.catalog import Mode
from supportbot.model.inbound import Accepted

API = "/chat/api/shop"


@pytest.fixture
def make_chat(make_world: Any, clock: Any, db: Any) -> Any:
    """Build a bot behind a web chat; `chat.visitor()` opens a browser."""

    async def make(script: Any = None, *, mode: Mode = Mode.AUTO, **config: Any) -> Chat:
        channel = WebChannel(WebConfig({"shop": "Shop <&>"}, "secret", **config), clock, db)
        world = await make_world(script, mode=mode, channel=channel)
        return Chat(world, Starlette(routes=channel.routes(world.intake.accept)))

    return make


@pytest.fixture
async def chat(make_chat: Any) -> Any:
    return await make_chat()


class Chat:
    def __init__(self, world: Any, app: Starlette) -> None:
        self.world = world
        self.app = app

    @asynccontextmanager
    async def visitor(self, *, base_url: str = "http://chat") -> AsyncIterator[httpx2.AsyncClient]:
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as client:
            await client.get("/chat/shop")
            yield client


def words(text: object, client_id: str | None = None) -> dict[str, object]:
    return {"text": text, "client_id": client_id or str(uuid.uuid4())}


async def transcript(client: httpx2.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}/messages", params=query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_question_is_answered_on_the_page(chat: Any) -> None:
    async with chat.visitor() as ada:
        posted = (await ada.post(f"{API}/messages", json=words("where is it?"))).json()
        waiting = await transcript(ada)
        assert (waiting["waiting"], [m["text"] for m in waiting["messages"]]) == (
            True,
            ["where is it?"],
        )
        await chat.world.settle()
        found = await transcript(ada)
    assert found["ticket"] == posted["ticket"]
    assert [(m["seq"], m["author"], m["text"]) for m in found["messages"]] == [
        (1, "customer", "where is it?"),
        (2, "bot", "answer 1"),
    ]
    assert (found["waiting"], found["status"], found["handler"]) == (False, "pending", "bot")


async def test_repeated_post_is_stored_once(chat: Any) -> None:
    async with chat.visitor() as ada:
        same = words("hi")
        answers = await asyncio.gather(*(ada.post(f"{API}/messages", json=same) for _ in range(3)))
        assert sorted(a.json()["duplicate"] for a in answers) == [False, True, True]
        assert len((await transcript(ada))["messages"]) == 1


async def test_visitor_sees_only_their_own_conversation(chat: Any) -> None:
    async with chat.visitor() as ada, chat.visitor() as bob:
        posted = (await ada.post(f"{API}/messages", json=words("my secret"))).json()
        assert (await transcript(bob))["messages"] == []
        assert (await transcript(bob, ticket=posted["ticket"]))["ticket"] is None
        await bob.post(f"{API}/messages", json=words("hello"))
        assert [m["text"] for m in (await transcript(bob))["messages"]] == ["hello"]


async def test_same_client_id_of_another_visitor_is_another_message(chat: Any) -> None:
    async with chat.visitor() as ada, chat.visitor() as bob:
        same = words("hi")
        first = (await ada.post(f"{API}/messages", json=same)).json()
        second = (await bob.post(f"{API}/messages", json=same)).json()
    assert second["duplicate"] is False
    assert first["ticket"] != second["ticket"]


async def test_forged_cookie_is_a_new_visitor(chat: Any) -> None:
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("hi"))
        value = ada.cookies["supportbot_visitor"]
        ada.cookies.clear()
        ada.cookies.set("supportbot_visitor", value[:-2] + "xx")
        assert (await transcript(ada))["messages"] == []


async def test_message_on_its_way_is_not_skipped_by_a_later_one(chat: Any) -> None:
    """A page that polls from what it saw last must still get a reply that arrives late."""
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("one"))
        world = chat.world
        (ticket,) = await world.all_tickets()
        await world.settle_ticket._respond.answer(ticket.id)  # committed, not yet delivered
        await ada.post(f"{API}/messages", json=words("two"))
        seen = await transcript(ada)
        assert [m["seq"] for m in seen["messages"]] == [1, 3]
        assert (seen["next"], seen["waiting"]) == (1, True)
        world.clock.advance(seconds=9)  # whoever was to send it is gone
        await world.settle()
        later = await transcript(ada, after=seen["next"], ticket=seen["ticket"])
    assert [m["seq"] for m in later["messages"]] == [2, 3, 4]


async def test_draft_is_not_shown_until_it_is_sent(make_chat: Any) -> None:
    chat = await make_chat(mode=Mode.DRAFT)
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("hi"))
        await chat.world.settle()
        assert len((await transcript(ada))["messages"]) == 1
        (ticket,) = await chat.world.all_tickets()
        (draft,) = await chat.world.drafts(ticket)
        await chat.world.takeover.send_draft(draft.id, None)
        await chat.world.settle()
        assert [m["text"] for m in (await transcript(ada))["messages"]] == ["hi", "answer 1"]


async def test_conversation_goes_on_in_a_linked_ticket_and_is_given_whole(
    chat: Any, clock: Any
) -> None:
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("hi"))
        await chat.world.settle()
        first = await transcript(ada)
        await chat.world.takeover.resolve(first["ticket"], None)
        clock.advance(days=30)
        await ada.post(f"{API}/messages", json=words("something new"))
        second = await transcript(ada, after=first["next"], ticket=first["ticket"])
    assert second["ticket"] != first["ticket"]
    assert [m["text"] for m in second["messages"]] == ["something new"]


async def test_escalate_hands_over_and_says_so(chat: Any) -> None:
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("hi"))
        await chat.world.settle()
        answer = await ada.post(f"{API}/escalate", json={"client_id": str(uuid.uuid4())})
        assert answer.status_code == 200
        await chat.world.settle()
        found = await transcript(ada)
    assert found["handler"] == "human"
    assert (found["messages"][-1]["notice"], found["messages"][-1]["reply"]) == (True, None)


async def test_escalate_without_a_conversation_says_what_to_do(chat: Any) -> None:
    async with chat.visitor() as ada:
        answer = await ada.post(f"{API}/escalate", json={"client_id": str(uuid.uuid4())})
    assert answer.status_code == 409
    assert "write a message first" in answer.json()["message"]


async def test_feedback_is_shown_with_its_reply(chat: Any) -> None:
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("hi"))
        await chat.world.settle()
        reply = (await transcript(ada))["messages"][-1]
        for value in (1, -1):
            body = {"reply": reply["reply"], "value": value, "client_id": str(uuid.uuid4())}
            assert (await ada.post(f"{API}/feedback", json=body)).status_code == 200
        assert (await transcript(ada))["messages"][-1]["rating"] == -1


async def test_replys_markdown_is_harmless_html(make_chat: Any) -> None:
    chat = await make_chat(
        ["**Bold** <script>alert(1)</script> [x](javascript:alert(1)) ![i](http://h/i.png)"]
    )
    async with chat.visitor() as ada:
        await ada.post(f"{API}/messages", json=words("<b>hi</b>"))
        await chat.world.settle()
        own, reply = (await transcript(ada))["messages"]
    assert (own["html"], own["text"]) == (None, "<b>hi</b>")
    assert "<strong>Bold</strong>" in reply["html"]
    assert "<script" not in reply["html"]
    assert "<img" not in reply["html"]
    assert 'href="javascript' not in reply["html"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "JSON"),
        (b"[]", 400, "object"),
        (b"[" * 5000, 400, "JSON"),
        (b'{"text":"\\ud800","client_id":"6f9619ff8b86d011b42d00c04fc964ff"}', 400, "Unicode"),
        (b'{"text":"  ","client_id":"6f9619ff8b86d011b42d00c04fc964ff"}', 422, "write something"),
        (b'{"text":7,"client_id":"6f9619ff8b86d011b42d00c04fc964ff"}', 422, "write something"),
        (b'{"text":"hi","client_id":"7"}', 422, "client_id"),
        (b'{"text":"hi"}', 422, "client_id"),
        (
            b'{"text":"' + b"x" * 65537 + b'","client_id":"6f9619ff8b86d011b42d00c04fc964ff"}',
            413,
            "64 KB",
        ),
        (b'{"text":"' + b"x" * 1_000_000 + b'"}', 413, "64 KB"),
    ],
)
async def test_bad_request_gets_a_clear_answer(
    chat: Any, body: bytes, status: int, says: str
) -> None:
    async with chat.visitor() as ada:
        headers = {"content-type": "application/json"}
        answer = await ada.post(f"{API}/messages", content=body, headers=headers)
    assert answer.status_code == status
    assert says in answer.json()["message"]
    assert await chat.world.inbounds() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ],
)
async def test_request_from_another_site_is_refused(chat: Any, headers: dict[str, str]) -> None:
    async with chat.visitor() as ada:
        answer = await ada.post(f"{API}/messages", json=words("hi"), headers=headers)
    assert answer.status_code == 403


async def test_own_origin_is_welcome_also_behind_a_proxy(make_chat: Any) -> None:
    chat = await make_chat(public_url="https://help.example.com")
    async with chat.visitor() as ada:
        for origin in ("http://chat", "https://help.example.com"):
            answer = await ada.post(f"{API}/messages", json=words("hi"), headers={"origin": origin})
            assert answer.status_code == 200


async def test_form_of_another_site_has_the_wrong_type(chat: Any) -> None:
    async with chat.visitor() as ada:
        answer = await ada.post(f"{API}/messages", data={"text": "hi"})
    assert answer.status_code == 415


async def test_too_many_messages_are_refused_for_a_minute(make_chat: Any, clock: Any) -> None:
    chat = await make_chat(messages_per_minute=2)
    async with chat.visitor() as ada:
        statuses = [
            (await ada.post(f"{API}/messages", json=words("hi"))).status_code for _ in range(3)
        ]
        clock.advance(minutes=1)
        statuses.append((await ada.post(f"{API}/messages", json=words("hi"))).status_code)
    assert statuses == [200, 200, 429, 200]


async def test_new_cookies_do_not_get_around_the_limit(make_chat: Any) -> None:
    chat = await make_chat(messages_per_minute_and_address=2)
    statuses = []
    for _ in range(3):
        async with chat.visitor() as one:
            statuses.append((await one.post(f"{API}/messages", json=words("hi"))).status_code)
    assert statuses == [200, 200, 429]


async def test_unknown_product_lists_those_that_exist(chat: Any) -> None:
    async with chat.visitor() as ada:
        page = await ada.get("/chat/<nope>")
        api = await ada.post("/chat/api/nope/messages", json=words("hi"))
    assert page.status_code == 404
    assert 'href="/chat/shop"' in page.text
    assert "Shop &lt;&amp;&gt;" in page.text
    assert "<nope>" not in page.text
    assert (api.status_code, "shop" in api.json()["message"]) == (404, True)


async def test_page_is_strict_and_loads_only_its_own(chat: Any) -> None:
    async with chat.visitor() as ada:
        page = await ada.get("/chat/shop")
        script = await ada.get("/chat/static/chat.js")
        style = await ada.get("/chat/static/chat.css")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<style" not in page.text
    assert " style=" not in page.text
    assert (script.status_code, style.status_code) == (200, 200)


async def test_cookie_is_out_of_reach_of_scripts_and_secure_by_https(make_chat: Any) -> None:
    chat = await make_chat(public_url="https://help.example.com")
    async with chat.visitor() as ada:
        cookie = (await ada.get("/chat/shop")).headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Secure", "Path=/chat"))


async def test_store_that_is_gone_asks_to_try_again(make_world: Any, clock: Any, db: Any) -> None:
    async def broken(_inbound: object) -> Any:
        raise StoreUnavailable("the disk is full")

    channel = WebChannel(WebConfig({"shop": "Shop"}, "secret"), clock, db)
    chat = Chat(None, Starlette(routes=channel.routes(broken)))
    async with chat.visitor() as ada:
        answer = await ada.post(f"{API}/messages", json=words("hi"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "disk" not in answer.text


async def test_what_could_not_be_stored_may_be_repeated_as_often_as_it_takes(
    clock: Any, db: Any
) -> None:
    tries = 0

    async def broken_for_a_while(_inbound: object) -> Accepted:
        nonlocal tries
        tries += 1
        if tries < 6:
            raise StoreUnavailable("the server is away")
        return Accepted(1, ticket="T1")

    config = WebConfig(
        {"shop": "Shop"}, "secret", messages_per_minute=2, messages_per_minute_and_address=2
    )
    channel = WebChannel(config, clock, db)
    chat = Chat(None, Starlette(routes=channel.routes(broken_for_a_while)))
    async with chat.visitor() as ada:
        statuses = [
            (await ada.post(f"{API}/messages", json=words("hi"))).status_code for _ in range(8)
        ]
    assert statuses == [503] * 5 + [200, 200, 429]
