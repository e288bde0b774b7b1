"""Every pitfall of the standard library that was met in real or hostile mail."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from supportbot.channels.email.reading.mail import Address, Limits
from supportbot.channels.email.reading.parse import body_of, message_ids, parse_mail

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def make_mail(*headers: str, body: bytes | str = "hello") -> bytes:
    raw = body if isinstance(body, bytes) else body.encode()
    return "\n".join(headers).encode("utf-8", "surrogateescape") + b"\n\n" + raw


def multipart(*parts: str, kind: str = "mixed", headers: str = "") -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f'{headers}Content-Type: multipart/{kind}; boundary="b"\n\n{body}--b--\n'.encode()


@pytest.mark.parametrize("charset", ["charset=x-unknown", "charset=iso-8859-8-i", "charset", ""])
def test_unknown_charset_is_no_error(charset: str) -> None:
    mail = parse_mail(make_mail(f"Content-Type: text/plain; {charset}"))
    assert mail.text == "hello"


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "镕基"),
        ("iso-8859-1", "cp1252", "\u201cpreis\u201d 5 €"),
        ("ks_c_5601-1987", "cp949", "똠방"),
        ("utf8mb4", "utf-8", "naïve"),
        ("cp-850", "cp850", "été"),
        ("unicode-1-1-utf-7", "utf-7", "Grüße"),
        ("us-ascii", "utf-8", "Grüße"),
        ("utf-8", "cp1252", "Grüße und Küsse aus München, wo es schön ist"),
    ],
)
def test_wrong_or_odd_charset_is_read_as_what_it_is(label: str, codec: str, text: str) -> None:
    raw = make_mail(f"Content-Type: text/plain; charset={label}", body=text.encode(codec))
    assert parse_mail(raw).text == text


def test_raw_utf8_subject_is_legible() -> None:
    assert parse_mail("Subject: Grüße\n\nx".encode()).subject == "Grüße"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<a@b>", "<a@b>"),
        ("<[ab]@[x]>", "<[ab]@[x]>"),
        ("<a b@def>", "<b@def>"),
        ("a@b", "<a@b>"),
        ("junk <a@b> junk", "<a@b>"),
        ("<>", None),
        ("", None),
    ],
)
def test_message_id_is_read_by_our_own_expression(value: str, expected: str | None) -> None:
    assert parse_mail(make_mail(f"Message-ID: {value}")).message_id == expected


def test_references_folded_with_tabs_are_ids_without_tabs() -> None:
    mail = parse_mail(make_mail("References: <a@b>\n\t<c@d>\n  <e@f>", "In-Reply-To: your <e@f>"))
    assert mail.references == ("<a@b>", "<c@d>", "<e@f>")
    assert mail.in_reply_to == ("<e@f>",)


def test_endless_references_keep_the_root_and_the_newest() -> None:
    ids = message_ids(" ".join(f"<{n}@x>" for n in range(500)))
    assert len(ids) == 50
    assert (ids[0], ids[-1]) == ("<0@x>", "<499@x>")


def test_raw_latin1_subject_is_legible() -> None:
    assert parse_mail(b"Subject: Gr\xfc\xdfe\n\nx").subject == "Grüße"


def test_subject_never_holds_a_line_break() -> None:
    assert parse_mail(make_mail("Subject: =?utf-8?q?a=0D=0ABcc:_evil?=")).subject == "a Bcc: evil"


def test_missing_subject_is_none_and_empty_subject_is_empty() -> None:
    assert parse_mail(make_mail("To: a@b.c")).subject is None
    assert parse_mail(make_mail("Subject:")).subject == ""


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        (["From: Doe, John <j@x.example>"], "j@x.example"),
        (['From: "a@x.example" <a@evil@b.example>'], None),
        (["From: a@x.example", "From: b@x.example"], None),
        (["From: a@x.example, b@x.example"], None),
        (["From: a@x.example", "From: A@X.example"], "a@x.example"),
        (["From: nobody"], None),
        (["Subject: x"], None),
    ],
)
def test_sender_is_one_valid_address_or_none(headers: list[str], address: str | None) -> None:
    mail = parse_mail(make_mail(*headers))
    assert (mail.sender.address.lower() if mail.sender else None) == address


def test_two_from_headers_are_warned_of() -> None:
    mail = parse_mail(make_mail("From: a@x.example", "From: b@x.example"))
    assert "several_from_headers" in mail.warnings
    assert [author.address for author in mail.authors] == ["a@x.example", "b@x.example"]


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\TEMP\\\\x.png", "x.png"),
        ("..", "file"),
        ("a\x01b.txt", "a b.txt"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe.txt?=", "Grüße.txt"),
        ("C:x.png", "x.png"),
        ("10:30.txt", "10_30.txt"),
        ("50 € & 'more'; 100%.txt", "50 € & 'more'; 100%.txt"),
        ("\U0001f600.png", "\U0001f600.png"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("a<b>|?*.txt", "a_b_.txt"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_file_name_is_safe_and_the_declared_one_is_kept(declared: str, shown: str) -> None:
    part = f'Content-Type: image/png\nContent-Disposition: attachment; filename="{declared}"\n\nx'
    (file,) = parse_mail(multipart(part)).files
    assert file.filename == shown
    assert file.declared_name


@pytest.mark.parametrize(
    ("parameter", "shown"),
    [
        ("filename*=utf-8''%C3%BCx.csv", "üx.csv"),
        ("filename*=iso-8859-1'de'%FCx.csv", "üx.csv"),
        ("filename*=%C3%BCx.csv", "üx.csv"),
        ("filename*0*=utf-8''%C3%BC; filename*1=x; filename*2=.csv", "üx.csv"),
        ('filename*0=a; filename*1="b.csv"', "ab.csv"),
        ("filename=\"u.csv\"; filename*=utf-8''%C3%BCx.csv", "üx.csv"),
        ("filename*=utf-8''%C3%BCx.csv; filename=\"u.csv\"", "üx.csv"),
        ("filename==?utf-8?q?=C3=BCx.csv?=", "üx.csv"),
        ('filename="üx.csv"', "üx.csv"),
        ("FILENAME = üx.csv", "üx.csv"),
        ("filename=ü x.csv", "ü x.csv"),
        ('filename="üx.csv', "üx.csv"),
    ],
)
def test_file_name_is_decoded_in_every_form(parameter: str, shown: str) -> None:
    part = f"Content-Type: text/csv\nContent-Disposition: attachment; {parameter}\n\n1"
    assert parse_mail(multipart(part)).files[0].filename == shown


@pytest.mark.parametrize("value", ["", "garbage", "Mon, 99 Foo 2026 99:99:99", "Thu, 1 Jan 1970"])
def test_unusable_date_falls_back_to_the_receipt(value: str) -> None:
    assert parse_mail(make_mail(f"Date: {value}"), NOW).date == NOW


def test_unusable_date_falls_back_to_the_relay_first() -> None:
    raw = make_mail("Received: from a by b; Mon, 2 Mar 2026 08:59:00 +0000", "Date: garbage")
    assert parse_mail(raw, NOW).date == NOW - timedelta(minutes=1)


def test_date_in_the_future_is_clamped() -> None:
    assert parse_mail(make_mail("Date: Mon, 2 Mar 2099 09:00:00 +0000"), NOW).date == NOW


def test_date_without_a_zone_is_utc() -> None:
    assert parse_mail(make_mail("Date: Mon, 2 Mar 2026 08:00:00 -0000")).date == NOW - timedelta(
        hours=1
    )


def test_multipart_without_boundary_still_gives_its_text() -> None:
    raw = b"Content-Type: multipart/mixed\n\n--zz\nContent-Type: text/plain\n\nhello\n--zz--\n"
    assert parse_mail(raw).text.strip() == "hello"


def test_multipart_without_semicolon_still_gives_its_text() -> None:
    raw = b'Content-Type: multipart/mixed\n\tboundary="b"\n\n--b\n\nhello\n--b--\n'
    assert parse_mail(raw).text.strip() == "hello"


def test_multipart_with_another_boundary_gives_the_raw_body() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\njust text\n"
    assert "just text" in parse_mail(raw).text


def test_empty_multipart_is_empty() -> None:
    assert parse_mail(multipart()).unreadable is None


def test_attached_mail_is_never_the_body() -> None:
    inner = "Content-Type: message/rfc822\n\nSubject: inner\nMessage-ID: <i@x>\n\nINNER TEXT\n"
    mail = parse_mail(multipart("Content-Type: text/plain\n\nouter", inner))
    assert mail.text.strip() == "outer"
    assert b"INNER TEXT" in mail.files[0].content
    assert mail.returned.message_ids == ("<i@x>",)


def test_named_text_part_without_disposition_is_an_attachment() -> None:
    mail = parse_mail(
        multipart(
            "Content-Type: text/plain\n\nbody",
            'Content-Type: text/plain; name="log.txt"\n\nlog',
        )
    )
    assert mail.text.strip() == "body"
    assert [file.filename for file in mail.files] == ["log.txt"]


def test_part_without_charset_but_with_utf8_is_read() -> None:
    assert parse_mail(multipart("Content-Type: text/plain\n\nGrüße")).text.strip() == "Grüße"


def test_alternative_gives_the_plain_form_once() -> None:
    mail = parse_mail(
        multipart(
            "Content-Type: text/plain\n\nplain",
            "Content-Type: text/html\n\n<p>rich</p>",
            kind="alternative",
        )
    )
    assert mail.text.strip() == "plain"
    assert mail.html == "<p>rich</p>"


def test_html_stands_in_where_the_plain_form_is_missing_or_empty() -> None:
    rich = "Content-Type: text/html\n\n<p>rich</p><p style='display:none'>EVIL</p>"
    assert parse_mail(multipart(rich)).text == "rich"
    empty = multipart("Content-Type: text/plain\n\n \n", rich, kind="alternative")
    assert parse_mail(empty).text == "rich"


def test_inline_picture_is_a_file_and_marked_so() -> None:
    mail = parse_mail(
        multipart(
            "Content-Type: text/html\n\n<img src=cid:1>hi",
            'Content-Type: image/png; name="a.png"\nContent-ID: <1>\n\nx',
            kind="related",
        )
    )
    assert mail.text == "hi"
    assert [(file.filename, file.inline) for file in mail.files] == [("a.png", True)]


@pytest.mark.parametrize(
    "encoding", ["base64", "quoted-printable", "x-uuencode", "nonsense", "7BIT  "]
)
def test_broken_transfer_encoding_is_no_error(encoding: str) -> None:
    raw = make_mail(
        "Content-Type: text/plain", f"Content-Transfer-Encoding: {encoding}", body="a=b"
    )
    assert parse_mail(raw).unreadable is None


def test_nul_bytes_do_not_reach_the_text() -> None:
    assert parse_mail(b"Subject: a\x00b\n\nhel\x00lo").text == "hello"


def test_address_headers_are_decoded() -> None:
    mail = parse_mail(make_mail("To: =?utf-8?q?J=C3=BCrgen?= <j@x.example>, b@x.example"))
    assert mail.to == (Address("Jürgen", "j@x.example"), Address("", "b@x.example"))


@pytest.mark.parametrize("raw", [b"", b"\n\n", b" \r\n", b"\x00"])
def test_nothing_is_unreadable(raw: bytes) -> None:
    assert parse_mail(raw).unreadable == "empty"


def test_mail_beyond_the_size_limit_keeps_its_headers() -> None:
    mail = parse_mail(
        make_mail("From: a@x.example", body="x" * 2_000), limits=Limits(max_bytes=1_000)
    )
    assert mail.unreadable == "too_large"
    assert mail.sender == Address("", "a@x.example")
    assert mail.text == ""


def test_endless_header_block_is_refused() -> None:
    assert parse_mail(b"X: " + b"y" * 1_100_000).unreadable == "too_complex"


def test_three_thousand_nested_multiparts_are_refused_at_once() -> None:
    raw = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3_000)
    )
    assert parse_mail(raw).unreadable == "too_complex"


def test_ten_thousand_parts_are_refused_at_once() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000
    assert parse_mail(raw).unreadable == "too_complex"


def test_nesting_below_the_limit_is_read() -> None:
    raw = b"From: a@x.example\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(30)
    )
    assert parse_mail(raw + b"\nhello\n").text.strip() == "hello"


@pytest.mark.parametrize(
    "unit",
    [
        b"(",
        b"a@b.c, ",
        b"=?utf-8?q?a?= ",
        b"=?utf-8?b?",
        b'"',
        b"<a@b> ",
        b"\n x",
        b"\nX: y",
        b"\xff",
        b";a=b",
    ],
)
@pytest.mark.parametrize("header", ["To", "References", "Subject", "Content-Type", "Date"])
def test_hostile_headers_take_linear_time(
    header: str, unit: bytes, grows_linearly: Callable[..., None]
) -> None:
    grows_linearly(lambda n: parse_mail(header.encode() + b": " + unit * n + b"\n\nx"), 2_000)


@pytest.mark.parametrize(
    "unit",
    [
        b"--b\n\nx\n",
        b"--b\nContent-Type: message/rfc822\n\n",
        b'--b\nContent-Type: multipart/mixed; boundary="c"\n\n',
        b"--b--\n",
        b"--\n",
        b"boundary=x\n",
        b"content-type:multipart/mixed\n\n\n\n\n",
        b"\n",
        b"\r",
    ],
)
def test_hostile_bodies_take_linear_time(unit: bytes, grows_linearly: Callable[..., None]) -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\n\n"
    grows_linearly(lambda n: parse_mail(head + unit * n), 2_000)


def test_any_bytes_are_parsed_without_an_exception() -> None:
    """Mutants of an ordinary mail; the seed is fixed so that a failure can be repeated."""
    chance = random.Random(7)
    seed = multipart(
        "Content-Type: text/plain; charset=utf-8\n\nGrüße",
        "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\nPGI+aGk8L2I+",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        "Final-Recipient: rfc822; a@b",
        kind="report",
        headers="From: =?utf-8?q?J=C3=BC?= <j@x.example>\nSubject: =?utf-8?b?R3LDvA==?=\nDate: x\n",
    )
    for _ in range(1_500):
        mutant = bytearray(seed)
        for _ in range(chance.randrange(1, 30)):
            place = chance.randrange(len(mutant))
            match chance.randrange(3):
                case 0:
                    mutant[place] = chance.randrange(256)
                case 1:
                    del mutant[place : place + chance.randrange(20)]
                case _:
                    mutant[place:place] = seed[place : place + chance.randrange(40)]
        parse_mail(bytes(mutant), NOW)


def test_body_is_what_follows_the_headers() -> None:
    assert body_of(b"A: b\r\n\r\nbody") == b"body"
    assert body_of(b"A: b\n\nbody\n\nmore") == b"body\n\nmore"
    assert body_of(b"A: b") == b""
