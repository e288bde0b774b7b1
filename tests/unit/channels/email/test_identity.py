from __future__ import annotations

import pytest

from supportbot.channels.email import identity
from supportbot.channels.email.identity import (
    MOST_LOCAL_CHARS,
    SignedAddresses,
    delivery_of,
    is_ours,
    message_id,
    message_id_of,
    ticket_key,
    ticket_of,
)

SECRET = b"s" * 32
TICKET = "01K3ZQ0000ABCDEFGHJKMNPQRS"
FORMS = [
    SignedAddresses("help@bot.example", SECRET),
    SignedAddresses("*@reply.bot.example", SECRET),
]


def test_message_id_is_the_same_for_every_attempt_and_differs_by_delivery() -> None:
    first = message_id("reply:1", "bot.example", SECRET)
    assert first == message_id("reply:1", "bot.example", SECRET)
    assert first != message_id("reply:2", "bot.example", SECRET)
    assert first.endswith("@bot.example>")
    assert len(first) < 78


def test_own_message_id_is_known_whatever_its_case_and_domain() -> None:
    own = message_id("reply:1", "bot.example", SECRET)
    assert is_ours(own, SECRET)
    assert is_ours(own.upper().replace("BOT", "alias"), SECRET)


@pytest.mark.parametrize(
    "forged",
    ["", "<a@b>", "<sb.000000000000000000000000.000000000000000000000000@bot.example>", "<sb.é@x>"],
)
def test_forged_message_id_is_not_ours(forged: str) -> None:
    assert not is_ours(forged, SECRET)


def test_message_id_of_another_installation_is_not_ours() -> None:
    assert not is_ours(message_id("reply:1", "bot.example", b"other"), SECRET)


@pytest.mark.parametrize("form", FORMS)
def test_reply_address_leads_back_to_its_ticket_whatever_its_case(form: SignedAddresses) -> None:
    address = form.reply_to(TICKET)
    assert ticket_of(address, SECRET) == ticket_of(address.upper(), SECRET) == ticket_key(TICKET)
    assert ticket_key(TICKET) != ticket_key(f"{TICKET[:-1]}T")
    assert TICKET.lower() not in address


@pytest.mark.parametrize("form", FORMS)
def test_return_path_leads_back_to_the_message_id_of_its_delivery(form: SignedAddresses) -> None:
    path = form.return_path(f"{TICKET}-3")
    for written in (path, path.upper()):
        digest = delivery_of(written, SECRET)
        assert digest
        sent = message_id(f"{TICKET}-3", "bot.example", SECRET)
        assert message_id_of(digest, "bot.example", SECRET) == sent


@pytest.mark.parametrize("form", FORMS)
def test_one_purpose_proves_nothing_for_the_other(form: SignedAddresses) -> None:
    assert delivery_of(form.reply_to(TICKET), SECRET) is None
    assert ticket_of(form.return_path(TICKET), SECRET) is None


def test_each_purpose_has_a_key_of_its_own() -> None:
    """Names of one length could not be told apart otherwise."""
    purposes = (b"message-id", b"reply", b"return")
    assert len({identity._proof(purpose, "name", SECRET) for purpose in purposes}) == 3


@pytest.mark.parametrize("form", FORMS)
def test_no_letter_of_a_signed_address_can_be_changed(form: SignedAddresses) -> None:
    """At least 80 bits of it are a signature."""
    for address, read in ((form.reply_to(TICKET), ticket_of), (form.return_path("d"), delivery_of)):
        local, _, domain = address.rpartition("@")
        token = local.rpartition("+")[2]
        begins = len(local) - len(token) + 2 * token.startswith("b.")
        for place in range(begins, len(local)):
            other = "a" if local[place] != "a" else "b"
            assert read(f"{local[:place]}{other}{local[place + 1 :]}@{domain}", SECRET) is None
        assert len(token.rpartition(".")[2]) * 5 >= 80
        assert read(address, b"other") is None


@pytest.mark.parametrize("address", ["", "@", "help@bot.example", "help+é.é@x", "+" * 100_000])
def test_any_other_address_names_nothing(address: str) -> None:
    assert ticket_of(address, SECRET) is None
    assert delivery_of(address, SECRET) is None


def test_longest_local_part_leaves_room_for_every_signed_address() -> None:
    """RFC 5321 4.5.3.1.1: 64 characters."""
    form = SignedAddresses(f"{'x' * MOST_LOCAL_CHARS}@bot.example", SECRET)
    addresses = form.reply_to(TICKET), form.return_path("d")
    assert max(len(one.partition("@")[0]) for one in addresses) == 64


def test_domain_of_its_own_takes_only_what_is_signed() -> None:
    plus, own = FORMS
    assert own.owns(own.reply_to(TICKET).upper())
    assert own.owns(own.return_path("d"))
    assert not own.owns("info@reply.bot.example")
    assert not own.owns(plus.reply_to(TICKET))
    assert not plus.owns(plus.reply_to(TICKET))
