"""The ticket page and what operators do on it, with the effects in the store."""

from __future__ import annotations

import pytest

from supportbot.model.catalog import OperatorRole
from supportbot.model.delivery import Audience, DeliveryKind, DeliveryState, NewDelivery
from supportbot.model.delivery_report import MailFailure
from supportbot.model.draft import DraftState
from supportbot.model.inbound import Attached, Referred, Sender
from supportbot.model.message import NewMessage, Role
from supportbot.model.ticket import (
    BOT,
    SYSTEM,
    Actor,
    ActorKind,
    EventKind,
    Handler,
    Status,
    Ticket,
)
from supportbot.store import claims, customers, deliveries, drafts, mail_failures, threads
from supportbot.store.feedback import NewThumb, add_thumb
from supportbot.store.threads import NewEvent
from tests.integration.dashboard.world import World

EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}"


async def texts(world: World, ticket: Ticket) -> list[tuple[str, str]]:
    """Who said what."""
    async with world.db.reading() as work:
        return [(m.author.kind, m.text) for m in await threads.messages(work, ticket.id)]


async def kinds(world: World, ticket: Ticket) -> list[EventKind]:
    """What happened, in order."""
    async with world.db.reading() as work:
        return [event.kind for event in await threads.events(work, ticket.id)]


async def test_take_over_gives_the_ticket_to_the_operator(both_worlds: World) -> None:
    ticket = await both_worlds.ticket()
    async with both_worlds.signed_in() as browser:
        response = await browser.act(f"/tickets/{ticket.public_id}/take-over")
        assert response.status_code == 303
        page = await browser.get(response.headers["location"])
    after = await both_worlds.reload(ticket)
    assert after.handler is Handler.HUMAN
    assert after.handler_epoch == ticket.handler_epoch + 1
    assert "You have this ticket now" in page.text
    assert "with you" in page.text
    assert "took the ticket over" in page.text


async def test_reply_takes_over_and_leaves_a_delivery(both_worlds: World) -> None:
    ticket = await both_worlds.ticket()
    async with both_worlds.signed_in() as browser:
        response = await browser.act(
            f"/tickets/{ticket.public_id}/reply", text="Line one\r\nLine two"
        )
        page = await browser.get(response.headers["location"])
    after = await both_worlds.reload(ticket)
    assert (after.handler, after.status) == (Handler.HUMAN, Status.PENDING)
    assert (await texts(both_worlds, ticket))[-1] == ("operator", "Line one\nLine two")
    assert EventKind.HUMAN_REPLIED in await kinds(both_worlds, ticket)
    async with both_worlds.db.reading() as work:
        (delivery, _), *none = await deliveries.of_ticket(work, ticket.id)
    assert (delivery.text, none) == ("Line one\nLine two", [])
    assert both_worlds.dispatcher.woken == [ticket.id]
    assert "On its way by email" in page.text


async def test_empty_reply_is_refused_kindly(world: World) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as browser:
        response = await browser.act(f"/tickets/{ticket.public_id}/reply", text="  \r\n ")
    assert response.status_code == 409
    assert "Write something first" in response.text
    assert len(await texts(world, ticket)) == 1


async def test_return_to_bot_and_resolve(world: World) -> None:
    ticket = await world.ticket()
    async with world.signed_in() as browser:
        await browser.act(f"/tickets/{ticket.public_id}/take-over")
        await browser.act(f"/tickets/{ticket.public_id}/return")
        assert (await world.reload(ticket)).handler is Handler.BOT
        response = await browser.act(f"/tickets/{ticket.public_id}/resolve")
        page = await browser.get(response.headers["location"])
    assert (await world.reload(ticket)).status is Status.RESOLVED
    assert "It opens again when the customer writes" in page.text
    assert "/reply" not in page.text


async def test_draft_is_sent_as_it_is(both_worlds: World) -> None:
    ticket = await both_worlds.ticket()
    draft_id = await both_worlds.draft(ticket, "Open **Settings**.\n\nThen export.")
    async with both_worlds.signed_in() as browser:
        page = await browser.get("/drafts")
        assert "How do I export my data?" in page.text
        assert "<strong>Settings</strong>" in page.text
        response = await browser.act(f"/drafts/{draft_id}/send", back="drafts")
        assert response.headers["location"] == "/drafts?said=sent"
    assert (await texts(both_worlds, ticket))[-1] == ("bot", "Open **Settings**.\n\nThen export.")
    async with both_worlds.db.reading() as work:
        assert (await drafts.get(work, draft_id)).state is DraftState.SENT


async def test_draft_sent_unchanged_through_a_browsers_text_box_counts_as_unchanged(
    world: World,
) -> None:
    ticket = await world.ticket()
    draft_id = await world.draft(ticket, "One.\n\nTwo.")
    async with world.signed_in() as browser:
        await browser.act(f"/drafts/{draft_id}/send", text="One.\r\n\r\nTwo.")
    async with world.db.reading() as work:
        assert (await drafts.get(work, draft_id)).state is DraftState.SENT


async def test_edited_draft_is_the_operators_word(world: World) -> None:
    ticket = await world.ticket()
    draft_id = await world.draft(ticket)
    async with world.signed_in() as browser:
        response = await browser.act(f"/drafts/{draft_id}/send", text="Better words.")
        assert response.headers["location"] == f"/tickets/{ticket.public_id}?said=sent"
    assert (await texts(world, ticket))[-1] == ("operator", "Better words.")
    async with world.db.reading() as work:
        assert (await drafts.get(work, draft_id)).state is DraftState.EDITED


async def test_draft_emptied_by_mistake_is_not_sent(world: World) -> None:
    ticket = await world.ticket()
    draft_id = await world.draft(ticket)
    async with world.signed_in() as browser:
        response = await browser.act(f"/drafts/{draft_id}/send", text="  ")
    assert response.status_code == 409
    assert len(await texts(world, ticket)) == 1


async def test_discarded_draft_leaves_the_ticket_with_the_operator(world: World) -> None:
    ticket = await world.ticket()
    draft_id = await world.draft(ticket)
    async with world.signed_in() as browser:
        await browser.act(f"/drafts/{draft_id}/discard")
        assert "No draft waits" in (await browser.get("/drafts")).text
    assert (await world.reload(ticket)).handler is Handler.HUMAN
    assert len(await texts(world, ticket)) == 1


async def test_second_decision_on_a_draft_is_told_kindly_and_keeps_what_was_typed(
    both_worlds: World,
) -> None:
    ticket = await both_worlds.ticket()
    draft_id = await both_worlds.draft(ticket)
    async with both_worlds.signed_in() as first, both_worlds.signed_in() as second:
        await first.act(f"/drafts/{draft_id}/send")
        late = await second.act(f"/drafts/{draft_id}/send", text="My <careful> words.")
        discard = await second.act(f"/drafts/{draft_id}/discard")
    assert late.status_code == discard.status_code == 409
    assert "this draft was sent as it was. Nothing was sent twice." in late.text
    assert "My &lt;careful&gt; words.</textarea>" in late.text
    assert len(await texts(both_worlds, ticket)) == 2


async def test_what_customers_write_is_text_everywhere(world: World) -> None:
    file = Attached(f"{EVIL}.html", "text/html", b"<script>")
    ticket = await world.ticket(EVIL, subject=f"S {EVIL}", customer=f"C {EVIL}", files=[file])
    await world.draft(ticket, f"Draft {EVIL} [x](javascript:alert(1)) ![p](https://evil.example/p)")
    async with world.db.writing() as work:
        await add_thumb(work, ticket, NewThumb(-1, ticket.customer_id, None), world.clock())
    async with world.signed_in() as browser:
        pages = [
            await browser.get(path)
            for path in (
                "/inbox",
                "/inbox?view=drafts",
                "/drafts",
                f"/tickets/{ticket.public_id}",
                f"/tickets/{ticket.public_id}/live",
                f"/tickets/{ticket.public_id}/why/1",
                f"/inbox?product={EVIL}&view={EVIL}&after={EVIL}&said={EVIL}",
                f"/login?next={EVIL}",
            )
        ]
    for page in pages:
        assert page.status_code in {200, 303}
        assert "<script>" not in page.text
        assert "<img src=x" not in page.text
        assert "javascript:" not in page.text.replace("(javascript:alert(1))", "")
        assert 'src="https://evil' not in page.text
        assert "S 49" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[3].text


async def test_bots_markdown_is_rendered_and_customers_is_not(world: World) -> None:
    ticket = await world.ticket("Is **this** bold?")
    async with world.db.writing() as work:
        said = NewMessage(role=Role.ASSISTANT, author=BOT, text="# Yes\n\n- **it** is")
        await threads.append_message(work, ticket.id, said, world.clock())
    async with world.signed_in() as browser:
        page = (await browser.get(f"/tickets/{ticket.public_id}")).text
    assert "Is **this** bold?" in page
    assert "<h4>Yes</h4>" in page
    assert "<strong>it</strong>" in page


async def test_erased_message_is_shown_as_erased(world: World) -> None:
    ticket = await world.ticket("My secret is 1234")
    async with world.db.writing() as work:
        (message,) = await threads.messages(work, ticket.id)
        await threads.rewrite_body(work, message.id, None, "customer_request", world.clock())
    async with world.signed_in() as browser:
        page = (await browser.get(f"/tickets/{ticket.public_id}")).text
    assert "1234" not in page
    assert "The words of this message are gone: customer request." in page


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (DeliveryState.UNCERTAIN, "nobody can tell whether this arrived (timed out)"),
        (DeliveryState.FAILED, "<strong>Not delivered</strong>: timed out"),
    ],
)
async def test_delivery_that_went_wrong_is_seen(
    world: World, state: DeliveryState, shown: str
) -> None:
    ticket = await world.ticket()
    async with world.db.writing() as work:
        said = NewMessage(role=Role.ASSISTANT, author=BOT, text="Hello")
        message = await threads.append_message(work, ticket.id, said, world.clock())
        new = NewDelivery(
            key="k",
            channel=ticket.channel,
            audience=Audience.CUSTOMER,
            kind=DeliveryKind.REPLY,
            target={},
            message_id=message.id,
        )
        await deliveries.add(work, ticket.id, new, world.clock())
        delivery = await deliveries.by_key(work, "k")
        assert delivery is not None
        assert await claims.give_up(work, delivery, state, "timed out")
    async with world.signed_in() as browser:
        assert shown in (await browser.get(f"/tickets/{ticket.public_id}")).text


async def test_attachment_comes_as_a_download(world: World) -> None:
    file = Attached('ü"\r\n.html', "text/html", b"<script>alert(1)</script>")
    ticket = await world.ticket(files=[file])
    async with world.signed_in() as browser:
        assert "/attachments/1" in (await browser.get(f"/tickets/{ticket.public_id}")).text
        found = await browser.get("/attachments/1")
    assert found.content == b"<script>alert(1)</script>"
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%C3%BC%22%0D%0A.html"
    )
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["content-security-policy"] == "sandbox"


async def test_why_page_explains_an_answer(both_worlds: World) -> None:
    ticket = await both_worlds.ticket()
    draft_id = await both_worlds.draft(ticket)
    async with both_worlds.signed_in() as browser:
        await browser.act(f"/drafts/{draft_id}/send")
        page = (await browser.get(f"/tickets/{ticket.public_id}")).text
        assert f"/tickets/{ticket.public_id}/why/1" in page
        why = (await browser.get(f"/tickets/{ticket.public_id}/why/1")).text
        policy = (await browser.get(f"/policies/{both_worlds.policy_id}")).text
    for part in (
        "a" * 64,
        "version 1",
        "gpt-test",
        "https://api.example/v1",
        "321 ms",
        "120 in (20 cached), 9 out",
        "https://help.example/export",
        "Exporting",
        "4.25",
        "You answer customers of Acme.",
        "&lt;&lt;customer&gt;&gt; How do I export?",
        "<strong>Settings</strong>",
    ):
        assert part in why, part
    assert "refund &lt;b&gt;now&lt;/b&gt;" in policy
    assert "You answer customers of Acme." in policy


async def test_model_call_of_another_ticket_is_not_found(world: World) -> None:
    ticket, other = await world.ticket(), await world.ticket()
    await world.completion(other)
    async with world.signed_in() as browser:
        assert (await browser.get(f"/tickets/{ticket.public_id}/why/1")).status_code == 404


async def test_live_part_is_sent_again_only_when_it_changed(world: World) -> None:
    ticket = await world.ticket()
    path = f"/tickets/{ticket.public_id}/live"
    async with world.signed_in() as browser:
        first = await browser.get(path)
        etag = first.headers["etag"]
        same = await browser.client.get(path, headers={"If-None-Match": etag})
        assert (same.status_code, same.content) == (304, b"")
        async with world.db.writing() as work:
            said = NewMessage(role=Role.ASSISTANT, author=BOT, text="Something new")
            await threads.append_message(work, ticket.id, said, world.clock())
        changed = await browser.client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert "Something new" in changed.text


async def test_viewer_reads_without_knowing_the_person(world: World) -> None:
    text = "Write to cora@private.example or call +43 660 1234567, order 12."
    ticket = await world.ticket(text, subject="From cora@private.example")
    await world.draft(ticket, "I wrote to cora@private.example")
    async with world.signed_in(OperatorRole.VIEWER) as browser:
        for path in (
            "/inbox",
            "/drafts",
            f"/tickets/{ticket.public_id}",
            f"/tickets/{ticket.public_id}/live",
            f"/tickets/{ticket.public_id}/why/1",
        ):
            page = (await browser.get(path)).text
            for secret in ("cora@", "Cora", "660", "example.com"):
                assert secret not in page, (path, secret)
            assert "take-over" not in page
    async with world.signed_in() as browser:
        assert "660 1234567" in (await browser.get(f"/tickets/{ticket.public_id}")).text


async def test_another_writer_is_named_to_operators_and_not_to_viewers(world: World) -> None:
    ticket = await world.ticket()
    async with world.db.writing() as work:
        sender = Sender("grace@example.com", "Grace Guest", "mail:example.com")
        other = await customers.ensure_customer(work, "email", sender, world.clock())
        asked = NewMessage(Role.USER, Actor(ActorKind.CUSTOMER, other), "How long does it take?")
        await threads.append_message(work, ticket.id, asked, world.clock())
    path = f"/tickets/{ticket.public_id}"
    async with world.signed_in() as browser:
        assert "<strong>Grace Guest</strong>" in (await browser.get(path)).text
    async with world.signed_in(OperatorRole.VIEWER) as browser:
        page = (await browser.get(path)).text
    assert "Grace" not in page
    assert "<strong>Somebody else in the thread</strong>" in page


async def test_page_says_which_files_were_not_read_and_why(world: World) -> None:
    big = Referred("dump.bin", "application/x-dump", 5_000_000_000, {}, reason="too_large")
    ticket = await world.ticket(files=[Attached("a.txt", "text/plain", b"hello"), big])
    async with world.signed_in() as browser:
        page = await browser.get(f"/tickets/{ticket.public_id}")
    assert "dump.bin" in page.text
    assert "not read: too large" in page.text
    assert page.text.count("/attachments/") == 1


async def test_a_machines_mail_shows_its_rules_and_an_address_what_came_back(
    both_worlds: World,
) -> None:
    ticket = await both_worlds.ticket()
    data = {
        "rules": ["delivery_report", "null_return_path"],
        "reported": [{"fate": "failed", "status": "5.1.1", "permanent": True}],
    }
    async with both_worlds.db.writing() as work:
        event = NewEvent(EventKind.MACHINE_MAIL, SYSTEM, reason="bounce", data=data)
        await threads.append_events(work, ticket, [event], both_worlds.clock())
        to = ticket.target["to"]
        new = NewDelivery(
            "lost", ticket.channel, Audience.CUSTOMER, DeliveryKind.NOTICE, {"to": to}, "Hi."
        )
        await deliveries.add(work, ticket.id, new, both_worlds.clock())
        lost = await deliveries.by_key(work, "lost")
        assert lost is not None
        said = MailFailure(
            to, "5.1.1", permanent=True, diagnostic="no such <user>", at=both_worlds.clock()
        )
        assert await mail_failures.add(work, lost, said)
    async with both_worlds.signed_in() as browser:
        page = await browser.get(f"/tickets/{ticket.public_id}")
    assert "delivery_report, null_return_path; failed 5.1.1" in page.text
    assert "(5.1.1): no such &lt;user&gt;" in page.text
    assert "No mail before" in page.text


async def test_message_whose_sender_is_in_doubt_says_so(world: World) -> None:
    ticket = await world.ticket()
    forged = {"verified": False, "verified_by": ["dmarc_fail"]}
    author = Actor(ActorKind.CUSTOMER, ticket.customer_id)
    async with world.signed_in() as browser:
        before = await browser.get(f"/tickets/{ticket.public_id}")
        async with world.db.writing() as work:
            new = NewMessage(Role.USER, author, "and mine?", data=forged)
            await threads.append_message(work, ticket.id, new, world.clock())
        page = await browser.get(f"/tickets/{ticket.public_id}")
    assert "sender not verified" not in before.text
    assert 'title="dmarc fail">sender not verified' in page.text
