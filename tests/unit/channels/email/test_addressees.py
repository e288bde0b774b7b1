from __future__ import annotations

import pytest

from supportbot.channels.email.meaning import addressees
from supportbot.channels.email.meaning.addressees import Home
from supportbot.channels.email.reading.addresses import parse_addresses
from supportbot.channels.email.reading.mail import Address, Mail

ANN = Address("Ann", "Ann@cust.example")
HELP, SALES = Home("email:help@bot.example", "shop"), Home("email:sales@bot.example", "deals")
HOMES = {"help@bot.example": HELP, "sales@bot.example": SALES, "*@reply.bot.example": SALES}


def written(to: str = "", cc: str = "", reply_to: str = "") -> Mail:
    return Mail(
        headers={},
        sender=ANN,
        to=parse_addresses(to),
        cc=parse_addresses(cc),
        reply_to=parse_addresses(reply_to),
    )


@pytest.mark.parametrize(
    ("to", "cc", "found"),
    [
        ("bob@x.example, Help+k@Bot.example", "", HELP),
        ("bob@x.example", "sales@bot.example, help@bot.example", SALES),
        ("help@bot.example", "sales@bot.example", HELP),
        ("k.s@reply.bot.example, help@bot.example", "", SALES),
        ("undisclosed:;", "", None),
        ("nobody, bob@x.example", "", None),
    ],
)
def test_a_mail_is_for_the_address_of_ours_that_it_names_first(
    to: str, cc: str, found: Home | None
) -> None:
    assert addressees.home_named(written(to, cc), HOMES) == found


def test_others_are_neither_the_author_nor_us_and_each_is_named_once() -> None:
    mail = written(
        "Help <help+k@bot.example>, BOB@x.example, ann@cust.example", "bob@x.example, cy@x.example"
    )
    assert addressees.others(mail, ANN, HOMES) == ("bob@x.example", "cy@x.example")


def test_a_mailing_has_no_participants_and_no_copies() -> None:
    def people(count: int) -> Mail:
        return written(cc=", ".join(f"p{number}@x.example" for number in range(count)))

    assert len(addressees.others(people(50), ANN, HOMES)) == 50
    assert addressees.others(people(51), ANN, HOMES) == ()
    assert len(addressees.copies(people(10), ANN.address, HOMES)) == 10
    assert addressees.copies(people(11), ANN.address, HOMES) == ()


def test_copies_go_only_to_addresses_that_can_be_written() -> None:
    mail = written(cc="a..b@x.example, jürgen@x.example, bob@x, ok@x.example, desk@cust.example")
    assert addressees.copies(mail, "Desk@cust.example", HOMES) == ("ok@x.example",)


@pytest.mark.parametrize(
    ("sender", "reply_to", "goes_to"),
    [
        ("ann@cust.example", "desk@cust.example", "desk@cust.example"),
        ("ann@a.cust.example", "desk@b.cust.example", "desk@b.cust.example"),
        ("ann@cust.example", "eve@else.example", "ann@cust.example"),
        ("ann@cust.example", "eve@cust.example.evil.example", "ann@cust.example"),
        ("ann@shop.co.uk", "eve@bank.co.uk", "ann@shop.co.uk"),
        ("ann@a.shop.co.uk", "desk@shop.co.uk", "desk@shop.co.uk"),
        ("ann@gmail.com", "eve@gmail.com", "ann@gmail.com"),
        ("ann@gmail.com", "ann+orders@gmail.com", "ann+orders@gmail.com"),
        ("ann@cust.example", "help+x@bot.example", "ann@cust.example"),
        ("ann@cust.example", "a@cust.example, b@cust.example", "ann@cust.example"),
        ("ann@localhost", "eve@localhost", "ann@localhost"),
    ],
)
def test_of_an_unverified_author_only_a_reply_to_of_their_house_is_followed(
    sender: str, reply_to: str, goes_to: str
) -> None:
    mail, author = written(reply_to=reply_to), Address("", sender)
    assert addressees.answer_to(mail, author, HOMES, verified=False) == goes_to


@pytest.mark.parametrize(
    ("reply_to", "goes_to"),
    [
        ("customer@else.example", "customer@else.example"),
        ("help+x@bot.example", ANN.address),
        ("a@cust.example, b@cust.example", ANN.address),
    ],
)
def test_a_verified_author_says_where_the_answer_goes(reply_to: str, goes_to: str) -> None:
    mail = written(reply_to=reply_to)
    assert addressees.answer_to(mail, ANN, HOMES, verified=True) == goes_to
