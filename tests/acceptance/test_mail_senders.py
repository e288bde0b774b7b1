"""Who gets what belongs to a customer by mail: the real sender, and nobody who only says so."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from supportbot.app import running
from supportbot.app.house import House
from supportbot.channels.email.authenticity.names import NamesUnavailable
from supportbot.model.completion import ToolCall
from supportbot.settings.load import load
from supportbot.testing.fake_answers import Said
from supportbot.testing.fake_model import FakeModel
from supportbot.testing.mail import hand_in
from tests.integration.channels.email.conftest import free_port

SECRET = "parcel to 1 Secret Lane"
TOOLS = f'''
from __future__ import annotations

import supportbot


@supportbot.tool(needs_identity=True)
def my_orders(context: supportbot.ToolContext) -> str:
    """List the customer's orders."""
    return f"{{context.customer}}: {SECRET}"
'''
POLICY = """---
name: Shop
delivery: {default: auto}
tools: {my_orders: {access: read}}
---
Be kind.
"""
SETTINGS = """
[tickets]
default_product = "shop"
quiet_seconds = 0

[web]
enabled = false

[[email.mailboxes]]
address = "help@bot.example"
outbox = "out"
authserv_ids = ["mx.bot.example"]

[email.listener]
"""
#: The listener takes loopback for a stranger.
OPEN = 'check_authenticity = true\nmail_servers = ["10.9.9.9"]\n'
PASS = "mx.bot.example; dmarc=pass header.from=cust.example"
FAIL = "mx.bot.example; dmarc=fail header.from=cust.example"


def answer(request: dict[str, Any]) -> Said | str:
    """Look the orders up, then say whatever came back."""
    last = request["messages"][-1]
    if last["role"] != "tool":
        return Said(tool_calls=(ToolCall("c1", "my_orders", json.dumps({})),))
    return f"I found: {last['content']}"


@dataclass
class Names:
    """DNS, and the key that a domain signs with."""

    key: rsa.RSAPrivateKey
    broken: bool = False

    def __call__(self, name: str, kind: str, seconds: float) -> Sequence[bytes]:
        if self.broken:
            raise NamesUnavailable(name)
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        texts = {
            "s1._domainkey.cust.example": f"v=DKIM1; p={base64.b64encode(public).decode()}",
            "_dmarc.cust.example": "v=DMARC1; p=reject",
        }
        found = texts.get(name.rstrip(".").lower())
        return [found.encode()] if found and kind == "TXT" else []

    def signed(self, mail: bytes) -> bytes:
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        headers = [b"from", b"subject", b"message-id"]
        return bytes(dkim.sign(mail, b"s1", b"cust.example", pem, include_headers=headers)) + mail


@dataclass
class Desk:
    """The running product, and hands to write to it and read from it."""

    house: House
    port: int
    outbox: Path
    model: FakeModel
    read: set[Path] = field(default_factory=set)

    async def write(self, *headers: str, mail_from: str = "ann@cust.example") -> str:
        """Hand in a mail with a subject of its own, or it is one sent twice; return the answer."""
        number = len(self.read)
        own = f"Subject: Order {number}", f"Message-ID: <{number}@cust.example>"
        lines = [*headers, "To: help@bot.example", *own]
        return await self.hand_in(
            ("\n".join(lines) + "\n\nWhere is my order?\n").encode(), mail_from
        )

    async def hand_in(self, raw: bytes, mail_from: str) -> str:
        """Hand raw bytes in; return what is answered."""
        taken = await hand_in(self.port, mail_from, ["help@bot.example"], raw)
        assert taken.startswith("250")
        while not (new := {*(self.outbox / "new").glob("*")} - self.read):  # noqa: ASYNC110 - a folder has no event
            await asyncio.sleep(0.02)
        self.read |= new
        sent = message_from_bytes(new.pop().read_bytes(), policy=policy.default)
        assert isinstance(sent, EmailMessage)
        body = sent.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


@asynccontextmanager
async def desk(tmp_path: Path, listener: str = "") -> AsyncIterator[Desk]:
    folder, port = tmp_path / "bot", free_port()
    (folder / "policies" / "products").mkdir(parents=True)
    (folder / "policies" / "products" / "shop.md").write_text(POLICY, encoding="utf-8")
    (folder / "knowledge").mkdir()
    (folder / "tools.py").write_text(TOOLS, encoding="utf-8")
    toml = f"{SETTINGS}port = {port}\n{listener}"
    (folder / "supportbot.toml").write_text(toml, encoding="utf-8")
    async with FakeModel(answer) as model:
        environ = {"OPENAI_BASE_URL": model.url, "SUPPORTBOT_MODEL_NAME": "test"}
        async with running(load(folder, environ)) as house:
            await connected(port)
            yield Desk(house, port, folder / "out", model)


async def connected(port: int) -> None:
    """Wait until the listener takes connections."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


async def test_only_the_real_sender_gets_what_is_theirs(tmp_path: Path) -> None:
    ann, verdicts = "From: Ann <ann@cust.example>", "Authentication-Results: "
    forged = (
        [ann],
        [verdicts + FAIL, verdicts + PASS, ann],
        [verdicts + PASS.replace("mx.bot", "mx.bot.example.evil"), ann],
        [verdicts + PASS, 'From: "ann@cust.example" <bob@evil.example>'],
        [verdicts + "mx.bot.example; spf=pass (dmarc=pass header.from=cust.example)", ann],
    )
    async with desk(tmp_path) as d:
        real = await d.write(verdicts + PASS, ann)
        assert SECRET in real
        for headers in forged:
            said = await d.write(*headers)
            assert "Secret Lane" not in said, headers
            assert "not known for certain" in said
        for request in d.model.requests[2:]:  # of strangers not even the model was told
            assert "Secret Lane" not in json.dumps(request)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Let the product ask these instead of the machine's name servers."""
    names = Names(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    monkeypatch.setattr("supportbot.channels.email.authenticity.names.Resolver", lambda: names)
    return names


def mail(number: int, *above: bytes) -> bytes:
    own = (
        b"From: Ann <ann@cust.example>",
        b"To: help@bot.example",
        b"Subject: Order %d" % number,
        b"Message-ID: <%d@cust.example>" % number,
    )
    return b"\r\n".join([*above, *own, b"", b"Where is my order?", b""])


async def test_mail_that_senders_hand_in_themselves_is_checked_here(
    tmp_path: Path, names: Names
) -> None:
    sender = "ann@cust.example"
    async with desk(tmp_path, OPEN) as d:
        assert SECRET in await d.hand_in(names.signed(mail(1)), sender)
        claimed = b"Authentication-Results: " + PASS.encode()
        ours = b"Authentication-Results: supportbot; dmarc=pass header.from=cust.example"
        changed = names.signed(mail(3)).replace(b"Where", b"There")
        for forged in (mail(2, claimed, ours), changed):
            assert "Secret Lane" not in await d.hand_in(forged, sender)


async def test_name_servers_that_fail_cost_the_sign_and_not_the_mail(
    tmp_path: Path, names: Names
) -> None:
    names.broken = True
    async with desk(tmp_path, OPEN) as d:
        said = await d.hand_in(names.signed(mail(1)), "ann@cust.example")
        assert "not known for certain" in said
        async with d.house.wiring.db.reading() as work:
            rows = await work.connection.exec_driver_sql("SELECT data FROM message")
            assert any("dmarc_temperror" in str(row.data) for row in rows)


async def test_mail_of_our_own_mail_server_is_not_checked_again(
    tmp_path: Path, names: Names
) -> None:
    names.broken = True
    async with desk(tmp_path, "check_authenticity = true\n") as d:
        passed = b"Authentication-Results: " + PASS.encode()
        assert SECRET in await d.hand_in(mail(1, passed), "ann@cust.example")
