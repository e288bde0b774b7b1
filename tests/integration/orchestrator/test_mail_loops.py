"""Loops that users of other help desks reported, each by the name of its report.

Real mails go through a real mailbox and the whole bot; what it answers leaves by SMTP. A machine
answers every mail that the bot sends, and the bot must be the one who stops.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from supportbot.channels.email.meaning.addressees import Home
from supportbot.model.ticket import Status
from supportbot.testing.mail import Sunk, mail_sink
from tests.integration.orchestrator.mail_bot import ANN, HELP, Bot, mailbox, open_bot

#: More rounds than any cap lets pass.
ROUNDS = 40


MakeBot = Callable[..., Any]


@pytest.fixture
async def make_bot(make_world: Any, db: Any, clock: Any) -> AsyncIterator[MakeBot]:
    async with mail_sink() as first, mail_sink() as second:
        sinks = iter((first, second))

        async def make(address: str = HELP, **changes: Any) -> Bot:
            sink = next(sinks)
            channel = mailbox(db, clock, address, smtp=sink.url, **changes)
            return Bot(await open_bot(make_world, channel), sink, address)

        yield make


@pytest.fixture
async def bot(make_bot: MakeBot) -> Bot:
    made: Bot = await make_bot()
    return made


def subject(sent: Sunk) -> str:
    return str(sent.message["Subject"])


def names(sent: Sunk) -> list[str]:
    """The headers by which a mail program names what it answers."""
    own = str(sent.message["Message-ID"])
    return [f"In-Reply-To: {own}", f"References: {sent.message['References'] or ''} {own}"]


Machine = Callable[[Sunk, int], tuple[list[str], str, str | None]]


def vacation(sent: Sunk, _: int) -> tuple[list[str], str, str | None]:
    """As RFC 3834 wants it."""
    head = [f"From: {ANN}", f"Subject: Auto: {subject(sent)}", "Auto-Submitted: auto-replied"]
    return [*head, *names(sent)], "I am away until Monday.", ""


def away_by_subject(sent: Sunk, number: int) -> tuple[list[str], str, str | None]:
    head = [f"From: {ANN}", f"Subject: Automatic reply: {subject(sent)}", *names(sent)]
    return head, f"I am out. Your mail was number {number}.", ANN


def away_in_plain_words(sent: Sunk, _: int) -> tuple[list[str], str, str | None]:
    """Nothing but its sameness tells."""
    words = "Thank you for your mail. I am not at my desk at present and will come back to you."
    return [f"From: {ANN}", f"Subject: {subject(sent)}", *names(sent)], words, ANN


def mailer_daemon(sent: Sunk, number: int) -> tuple[list[str], str, str | None]:
    head = ["From: Mail Delivery Subsystem <mailer-daemon@cust.example>", *names(sent)]
    return [*head, "Subject: Returned mail"], f"{ANN}: user unknown ({number})", ""


def only_generated(sent: Sunk, number: int) -> tuple[list[str], str, str | None]:
    head = [f"From: {ANN}", f"Subject: {subject(sent)}", "X-Auto-Generated: yes", *names(sent)]
    return head, f"Registered as request {number}.", ANN


def suppressing(sent: Sunk, number: int) -> tuple[list[str], str, str | None]:
    head = [
        f"From: {ANN}",
        f"Subject: Request {number}",
        "X-Auto-Response-Suppress: OOF, AutoReply",
    ]
    return [*head, *names(sent)], f"We got your mail number {number}.", ANN


def echo(sent: Sunk, number: int) -> tuple[list[str], str, str | None]:
    """Another help desk that says something new each time, in the thread."""
    head = [f"From: {ANN}", f"Subject: {subject(sent)}", *names(sent)]
    return head, f"Your request got the number {number}; we shall look at it by and by.", ANN


def forgetful(_: Sunk, number: int) -> tuple[list[str], str, str | None]:
    """... which keeps no thread, and has another subject each time."""
    words = f"Your request got the number {number}; we shall look at it by and by."
    return [f"From: {ANN}", f"Subject: Request {number}"], words, ANN


def one_subject(_: Sunk, number: int) -> tuple[list[str], str, str | None]:
    words = f"Your request got the number {number}; we shall look at it by and by."
    return [f"From: {ANN}", "Subject: We received your request"], words, ANN


@pytest.mark.parametrize(
    ("machine", "most"),
    [
        pytest.param(vacation, 1, id="osTicket#1041, odoo#66329, freescout#634, freescout#688"),
        pytest.param(away_by_subject, 1, id="osTicket#1041-subject"),
        pytest.param(suppressing, 1, id="bileto#815"),
        pytest.param(mailer_daemon, 1, id="faveo-helpdesk#150"),
        pytest.param(only_generated, 1, id="frappe-helpdesk#3628"),
        pytest.param(away_in_plain_words, 3, id="odoo#66329-same-words"),
        pytest.param(one_subject, 3, id="freescout#3670-same-subject"),
        pytest.param(echo, 10, id="alga-psa#3241-thread"),
        pytest.param(forgetful, 10, id="alga-psa#3241-sender"),
    ],
)
async def test_a_machine_that_answers_everything_is_left_alone(
    bot: Bot, machine: Machine, most: int
) -> None:
    await bot.gets(f"From: {ANN}", "Subject: Order 77")
    answered = 0
    for number in range(ROUNDS):
        if len(bot.sink.messages) == answered:
            break
        answered = len(bot.sink.messages)
        head, body, path = machine(bot.sink.messages[-1], number)
        await bot.gets(*head, body=body, path=path)
    assert len(bot.sink.messages) == answered <= most
    assert answered >= 1, "the person who began is answered"


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param("no-reply@shop.example", id="freescout#3670, chatwoot#5131"),
        pytest.param("noreply+77@shop.example", id="chatwoot#5131-plus"),
        pytest.param("do-not-reply@shop.example", id="chatwoot#5131-words"),
    ],
)
async def test_nobody_is_answered_who_reads_no_answers(bot: Bot, sender: str) -> None:
    for number in range(11):
        await bot.gets(f"From: {sender}", f"Subject: Order {number}", path=sender)
    assert bot.sink.messages == []


def bounce(address: str = "who@else.example") -> list[str]:
    return [
        "From: MAILER-DAEMON@mx.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
        "MIME-Version: 1.0",
        "",
        "--b\nContent-Type: text/plain\n\nSorry.",
        "--b\nContent-Type: message/delivery-status\n",
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {address}",
        "Action: failed\nStatus: 5.1.1\n\n--b--",
    ]


async def test_a_bounce_opens_no_ticket_freescout_4250(bot: Bot) -> None:
    for _ in range(30):
        await bot.gets(*bounce(), path="")
    assert await bot.world.all_tickets() == []
    assert bot.sink.messages == []


async def test_an_out_of_office_reopens_nothing_alga_psa_2772(bot: Bot) -> None:
    await bot.gets(f"From: {ANN}", "Subject: Order 77")
    (ticket,) = await bot.world.all_tickets()
    said = await bot.world.messages(ticket)
    await bot.world.takeover.resolve(ticket.public_id, None)
    head, body, path = vacation(bot.sink.messages[-1], 0)
    await bot.gets(*head, body=body, path=path)
    (after,) = await bot.world.all_tickets()
    assert (after.status, after.episode_n) == (Status.RESOLVED, ticket.episode_n)
    assert (await bot.world.kinds(after))[-1] == "machine_mail"
    assert await bot.world.messages(after) == said, "nobody said anything"


async def test_our_own_answer_that_comes_back_is_left_alone_posthog_92017_zammad_986(
    bot: Bot,
) -> None:
    await bot.gets(f"From: {ANN}", "Subject: Order 77")
    (sent,) = bot.sink.messages
    await bot.gets_raw(sent.raw, sent.mail_from)
    changed = sent.raw.replace(b"Message-ID:", b"X-Old-Id:").replace(b"From: ", b"X-From: ", 1)
    await bot.gets_raw(b"From: list@else.example\r\n" + changed, "list@else.example")
    assert len(bot.sink.messages) == 1
    assert len(await bot.world.all_tickets()) == 1


@pytest.mark.parametrize("sender", [HELP, "Help <help+x@bot.example>", "sales@bot.example"])
async def test_the_bots_own_inbox_is_not_answered_wayland_547(
    make_bot: MakeBot, sender: str
) -> None:
    bot = await make_bot(homes={"sales@bot.example": Home("email:sales@bot.example")})
    for number in range(20):
        await bot.gets(f"From: {sender}", f"Subject: Status {number}", path=HELP)
    assert bot.sink.messages == []
    assert await bot.world.all_tickets() == []


async def test_two_bots_of_ours_that_mail_each_other_stop(make_bot: MakeBot) -> None:
    """They know nothing of each other: another installation, another secret."""
    first = await make_bot()
    second = await make_bot("desk@two.example", secret=b"z" * 32)
    await first.gets("From: desk@two.example", "Subject: Order 77")
    passed = {HELP: 0, "desk@two.example": 0}
    for _ in range(ROUNDS):
        for sender, receiver in ((first, second), (second, first)):
            for sunk in sender.sink.messages[passed[sender.address] :]:
                passed[sender.address] += 1
                await receiver.gets_raw(sunk.raw, sunk.mail_from)
    assert (len(first.sink.messages), len(second.sink.messages)) == (1, 0)


async def test_every_mail_of_the_bot_says_that_a_machine_wrote_it(bot: Bot) -> None:
    """Else the other side could not stop."""
    await bot.gets(f"From: {ANN}", "Subject: Order 77")
    await bot.gets(f"From: {ANN}", "Subject: I want to talk to a human", body="A human, please")
    assert len(bot.sink.messages) == 2
    for sent in bot.sink.messages:
        assert sent.message["Auto-Submitted"] == "auto-replied"
        assert sent.message["X-Auto-Response-Suppress"] == "All"
