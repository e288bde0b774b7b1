"""TLS on the way out: required, but for a server on this machine, whose certificate is its own."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP

from supportbot.channels.email.sending.submission import Envelope, Submission, submission, submit
from supportbot.errors import SendError
from supportbot.testing.mail import MailSink, mail_sink
from tests.integration.channels.email.listener_files import write_certificate

MAIL = b"Subject: hi\r\n\r\nhello\r\n"
ENVELOPE = Envelope("", ("ann@cust.example",), "help@bot.example")


class Elsewhere(Submission):
    """A server that is not this machine, for all we know."""

    @property
    def is_here(self) -> bool:
        return False


async def test_server_on_this_machine_may_have_a_certificate_of_its_own(tmp_path: Path) -> None:
    """As Debian's Postfix has; what it requires is done."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_certificate(tmp_path, "mx.bot.example"))
    sink, loop = MailSink(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, tls_context=context, require_starttls=True, loop=loop), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    assert await submit(submission(f"smtp://127.0.0.1:{port}", None), ENVELOPE, MAIL) == ()
    assert len(sink.messages) == 1
    with pytest.raises(SendError, match="certificate") as refused:
        await submit(Elsewhere("127.0.0.1", port, implicit_tls=False), ENVELOPE, MAIL)
    assert not refused.value.permanent
    assert len(sink.messages) == 1
    server.close()


async def test_nothing_leaves_to_another_machine_without_tls() -> None:
    async with mail_sink() as sink:
        with pytest.raises(SendError, match="write smtps://") as refused:
            await submit(Elsewhere("127.0.0.1", sink.port, implicit_tls=False), ENVELOPE, MAIL)
        assert not refused.value.permanent
        assert sink.messages == []
