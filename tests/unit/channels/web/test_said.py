from __future__ import annotations

from datetime import UTC, datetime

import pytest

from supportbot.channels.web.said import Said, decode, encode, parse
from supportbot.errors import EmptyBody, TooLarge, Unparsable
from supportbot.model.inbound import Action, ActionKind, CustomerMessage, Inbound

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def inbound(said: Said) -> Inbound:
    return Inbound("web:chat", ("v:1",), encode(said), {}, NOW)


def test_request_is_read_back_as_it_was_written() -> None:
    said = Said("feedback", "shop", "v1", delivery_key="T1-2", value=-1)
    assert decode(encode(said)) == said


def test_message_belongs_to_the_visitors_conversation_about_the_product() -> None:
    heard = parse(inbound(Said("message", "shop", "v1", text=" hi\x00 ")))
    assert isinstance(heard, CustomerMessage)
    assert (heard.text, heard.product, heard.thread_keys) == ("hi", "shop", ("web:shop:v1",))
    assert heard.sender.external_id == "v1"


def test_button_is_an_action_in_that_conversation() -> None:
    heard = parse(inbound(Said("escalate", "shop", "v1")))
    assert isinstance(heard, Action)
    assert (heard.kind, heard.thread_keys) == (ActionKind.ESCALATE, ("web:shop:v1",))


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (Said("message", "shop", "v1", text=" \n"), EmptyBody),
        (Said("message", "shop", "v1", text="ü" * 40_000), TooLarge),
        (Said("dance", "shop", "v1"), Unparsable),
    ],
)
def test_what_can_never_become_a_turn_is_refused_by_name(
    said: Said, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        parse(inbound(said))
