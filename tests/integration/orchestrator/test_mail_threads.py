"""How a mail finds its ticket: what users of help desks reported, each under its issue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from supportbot.model.ticket import Status
from tests.integration.orchestrator.post import (
    ANN,
    BOB,
    EVE,
    HELP,
    SALES,
    Mail,
    Post,
    open_post,
    reply,
)


@pytest.fixture
async def post(make_world: Any, db: Any, clock: Any, tmp_path: Path) -> Post:
    return await open_post(make_world, db, clock, tmp_path)


async def asked(post: Post, **changes: Any) -> Any:
    """Let Ann ask; return the answer she got."""
    answer = await post.arrives(Mail(**changes))
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("issue", "changes"),
    [
        ("chatwoot#3868", {}),
        ("chatwoot#15869", {"subject": "Something else entirely"}),
        ("zammad#5716", {"in_reply_to": None}),
        ("zammad#799", {"in_reply_to": "<unknown@relay.example>"}),
        ("other-references", {"references": ["<other@cust.example>"]}),
        ("no-subject", {"subject": None}),
        ("finnish-reply", {"subject": "VS: Order 77"}),
        ("reply-to-a-forward", {"subject": "SV: VS: Order 77"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_an_answer_stays_in_its_ticket(
    post: Post, issue: str, changes: dict[str, Any]
) -> None:
    answer = await asked(post)
    again = await post.arrives(reply(answer, **changes))
    (ticket,) = await post.tickets()
    assert [author for author, _ in await post.said(ticket)] == ["customer", "bot"] * 2, issue
    assert again is not None
    assert again["In-Reply-To"] != answer["In-Reply-To"]
    assert again["To"] == ANN


async def test_an_equal_subject_leads_nowhere_freescout_2375(post: Post) -> None:
    await asked(post)
    await asked(post, subject="Re: Order 77", body="And the bill?")
    assert [await post.links(one) for one in await post.tickets()] == [[], []]


async def test_two_answers_that_share_only_references_stay_in_one_ticket_zammad_5716(
    post: Post,
) -> None:
    """Both follow a mail that never came here."""
    above = ["<origin@cust.example>"]
    await post.arrives(Mail(references=above, body="As I wrote to Bob: it is late."))
    await post.arrives(Mail(references=above, body="And it is broken."))
    (ticket,) = await post.tickets()
    assert [author for author, _ in await post.said(ticket)] == ["customer", "bot"] * 2


@pytest.mark.parametrize(
    ("issue", "subject"),
    [
        ("zammad#4965", "Fwd: Re: Order 77"),
        ("zammad#5287", "WG: Re: Order 77"),
        ("fw", "FW: Order 77"),
        ("french", "TR: Order 77"),
        ("spanish", "RV: Order 77"),
        ("italian", "I: Order 77"),
        ("dutch", "Doorst: Order 77"),
        ("polish", "PD: Order 77"),
        ("turkish", "İLT: Order 77"),
        ("danish", "VS: Order 77"),
        ("gateway", "[EXTERNAL] WG: Order 77"),
    ],
    ids=lambda value: value,
)
async def test_a_forward_opens_a_ticket_of_its_own_beside_it(
    post: Post, issue: str, subject: str
) -> None:
    answer = await asked(post)
    body = "Can you see to this?\n\nFra: Bot <help@bot.example>\nSendt: 2. marts\nTil: Ann\n"
    forwarded = await post.arrives(reply(answer, subject=subject, body=body))
    assert forwarded is not None
    old, new = await post.tickets()
    assert len(await post.said(old)) == 2, issue
    assert await post.links(new) == [old.public_id]
    # Each of the two goes on by itself.
    await post.arrives(reply(forwarded, body="Thanks, and when?"))
    await post.arrives(reply(answer, body="Back to the order."))
    assert [len(await post.said(one)) for one in await post.tickets()] == [4, 4]


@pytest.mark.parametrize(
    ("body", "more"),
    [
        ("---------- Forwarded message ---------\nFrom: Cy <cy@x.example>\n\nlate again", ()),
        (
            "--b\nContent-Type: message/rfc822\n\nFrom: cy@x.example\nSubject: x\n\nlate\n--b--",
            ('Content-Type: multipart/mixed; boundary="b"',),
        ),
    ],
    ids=["inline", "attached"],
)
async def test_a_forward_is_known_by_what_it_holds(
    post: Post, body: str, more: tuple[str, ...]
) -> None:
    answer = await asked(post)
    await post.arrives(reply(answer, subject="Late parcel", body=body, more=more))
    old, new = await post.tickets()
    assert len(await post.said(old)) == 2
    assert await post.links(new) == [old.public_id]


async def test_an_attached_mail_as_evidence_makes_no_forward(post: Post) -> None:
    answer = await asked(post)
    body = (
        "--b\n\nThis is what they wrote.\n"
        "--b\nContent-Type: message/rfc822\n\nFrom: cy@x.example\nSubject: x\n\nlate\n--b--"
    )
    more = ('Content-Type: multipart/mixed; boundary="b"',)
    await post.arrives(reply(answer, body=body, more=more))
    assert len(await post.tickets()) == 1


@pytest.mark.parametrize(
    ("issue", "changes"),
    [
        ("zammad#5064", {"subject": "Re: [#{tag}] Order 77"}),
        ("zammad#2444", {"subject": "Order 77 [#{tag}]"}),
        ("itop#95", {"in_reply_to": "<sb.0123456789ab.000000000000@bot.example>"}),
        ("alga-psa#3241", {"to": "help+ticket-1@bot.example"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_stranger_gets_into_no_ticket_by_what_anybody_could_write(
    post: Post, issue: str, changes: dict[str, Any]
) -> None:
    await asked(post)
    (ann,) = await post.tickets()
    tag = ann.public_id[-8:]
    written = {name: value.format(tag=tag) for name, value in changes.items()}
    answer = await post.arrives(Mail(sender=EVE, body="What does it cost?", **written))
    assert answer is not None
    assert answer["To"] == EVE, issue
    old, new = await post.tickets()
    assert len(await post.said(old)) == 2
    assert old.target == ann.target
    assert await post.links(new) == []


async def test_a_stranger_who_names_a_mail_gets_a_linked_ticket(post: Post) -> None:
    answer = await asked(post)
    theirs = await post.arrives(reply(answer, sender=EVE))
    assert theirs is not None
    assert theirs["To"] == EVE
    old, new = await post.tickets()
    assert await post.links(new) == [old.public_id]
    # Ann's thread still leads to Ann's ticket.
    await post.arrives(reply(answer))
    assert [len(await post.said(one)) for one in await post.tickets()] == [4, 2]


@pytest.mark.parametrize("issue", ["zammad#3022", "zammad#3695"])
async def test_a_desk_that_drops_all_ids_is_known_by_the_tag(
    make_world: Any, db: Any, clock: Any, tmp_path: Path, issue: str
) -> None:
    post = await open_post(make_world, db, clock, tmp_path, tag_subjects=True)
    answer = await asked(post)
    (ticket,) = await post.tickets()
    assert answer["Subject"] == f"Re: [#{ticket.public_id[-8:]}] Order 77", issue
    again = await post.arrives(Mail(subject=f"INC0042 - {answer['Subject']}", body="Any news?"))
    assert again is not None
    assert again["Subject"] == answer["Subject"]
    (ticket,) = await post.tickets()
    assert len(await post.said(ticket)) == 4
    assert ticket.subject == "Order 77"


async def test_a_desk_that_drops_all_ids_is_known_by_the_signed_address_zammad_3022(
    post: Post,
) -> None:
    answer = await asked(post)
    await post.arrives(Mail(to=answer["Reply-To"], subject="INC0042", body="Any news?"))
    (ticket,) = await post.tickets()
    assert len(await post.said(ticket)) == 4
    # The address in strange hands opens no door, and a forward is one here too.
    await post.arrives(Mail(sender=EVE, to=answer["Reply-To"], subject="Hello"))
    await post.arrives(Mail(to=answer["Reply-To"], subject="Fwd: parcel", body="Look."))
    old, *new = await post.tickets()
    assert len(await post.said(old)) == 4
    assert [await post.links(one) for one in new] == [[old.public_id]] * 2


async def test_a_signed_address_of_its_own_domain_leads_to_its_mailbox(
    make_world: Any, db: Any, clock: Any, tmp_path: Path
) -> None:
    """Whichever mailbox takes it in."""
    post = await open_post(make_world, db, clock, tmp_path, own_domains=True)
    answer = await post.arrives(Mail(to=SALES), SALES)
    assert answer is not None
    again = await post.arrives(Mail(to=answer["Reply-To"], subject="x", body="And?"), HELP)
    assert again is not None
    assert (again["From"], again["To"]) == (SALES, ANN)
    (ticket,) = await post.tickets()
    assert len(await post.said(ticket)) == 4


async def test_answers_to_a_newsletter_are_not_merged_chatwoot_13502(post: Post) -> None:
    for sender in (ANN, BOB, EVE):
        await post.arrives(
            Mail(sender=sender, subject="Re: News", in_reply_to="<news@bot.example>")
        )
    found = await post.tickets()
    assert [await post.said(one) for one in found] == [
        [("customer", "Where is my order?"), ("bot", f"answer {number}")] for number in (1, 2, 3)
    ]
    assert len({one.customer_id for one in found}) == 3


async def test_an_answer_long_after_the_end_opens_a_linked_ticket(post: Post, clock: Any) -> None:
    answer = await asked(post)
    (ticket,) = await post.tickets()
    await post.world.takeover.resolve(ticket.public_id, None)
    await post.arrives(reply(answer))
    (ticket,) = await post.tickets()
    assert ticket.status is Status.PENDING
    assert "reopened" in await post.world.kinds(ticket)
    await post.world.takeover.resolve(ticket.public_id, None)
    clock.advance(days=8)
    later = await post.arrives(reply(answer, body="It broke."))
    assert later is not None
    old, new = await post.tickets()
    assert await post.links(new) == [old.public_id]
    await post.arrives(reply(later, body="As I said."))
    assert [len(await post.said(one)) for one in await post.tickets()] == [4, 4]


async def test_a_thread_that_moves_to_another_mailbox_is_linked(post: Post) -> None:
    answer = await asked(post)
    moved = await post.arrives(reply(answer, to=SALES, body="A quote, please."), SALES)
    assert moved is not None
    assert moved["From"] == SALES
    old, new = await post.tickets()
    assert new.channel == f"email:{SALES}"
    assert await post.links(new) == [old.public_id]
    again = await post.arrives(reply(moved, body="Thanks."), SALES)
    assert again is not None
    assert again["From"] == SALES
    assert [len(await post.said(one)) for one in await post.tickets()] == [2, 4]


async def test_our_own_mail_that_comes_back_is_never_answered_freescout_2977(post: Post) -> None:
    await asked(post)
    (sent,) = (post.outbox / "new").glob("*")
    await post.accept(sent.read_bytes(), HELP)
    await post.world.backlog.drain()
    await post.world.settle()
    (ticket,) = await post.tickets()
    assert len(await post.said(ticket)) == 2
    assert len(post.answers()) == 1


async def test_a_wrapped_attribution_is_not_asked(post: Post) -> None:
    answer = await asked(post)
    body = (
        "Next week is fine.\n\nOn Mon, 2 Mar 2026 at 09:00, The Help Desk of the Bot\n"
        "<help@bot.example> wrote:\n\n> answer 1\n"
    )
    await post.arrives(reply(answer, body=body))
    (ticket,) = await post.tickets()
    assert (await post.said(ticket))[2] == ("customer", "Next week is fine.")


@pytest.mark.parametrize(
    ("reply_to", "goes_to"),
    [
        ("desk@cust.example", "desk@cust.example"),
        ("desk@mail.cust.example", "desk@mail.cust.example"),
        ("eve@else.example", ANN),
        ("a@cust.example, b@cust.example", ANN),
        (HELP, ANN),
    ],
)
async def test_an_answer_goes_to_a_reply_to_of_the_same_house_zammad_1299(
    post: Post, reply_to: str, goes_to: str
) -> None:
    answer = await asked(post, more=(f"Reply-To: {reply_to}",))
    assert answer["To"] == goes_to
