"""Signed and encrypted mail: what is signed is read, what is sealed is told."""

from __future__ import annotations

import base64
import datetime as dt
import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from supportbot.channels.email.meaning.disposition import Evidence, judge
from supportbot.channels.email.meaning.inspect import inspect
from supportbot.channels.email.meaning.said import said_now
from supportbot.channels.email.reading.cms import signed_content
from supportbot.channels.email.reading.mail import Mail
from supportbot.channels.email.reading.parse import parse_mail

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nWhere is my order?\r\n"


@pytest.fixture(scope="module")
def signed() -> bytes:
    """S/MIME of one piece, signed with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann@cust.example")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER)
    builder = builder.add_signer(certificate, key, hashes.SHA256())
    return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def smime(content: bytes, kind: str) -> Mail:
    head = (
        "From: ann@cust.example\nSubject: Order\n"
        f'Content-Type: application/pkcs7-mime; {kind} name="smime.p7m"\n'
        "Content-Transfer-Encoding: base64\n\n"
    )
    return parse_mail(head.encode() + base64.encodebytes(content))


@pytest.mark.parametrize("kind", ["smime-type=signed-data;", ""])
def test_text_of_a_mail_signed_in_one_piece_is_read(signed: bytes, kind: str) -> None:
    mail = smime(signed, kind)
    assert said_now(mail) == "Where is my order?"
    assert mail.encrypted is None
    assert judge(Evidence(mail)).reply_allowed


def test_content_in_chunks_of_unsaid_length_is_read() -> None:
    """As programs write it that sign while they send."""
    oid_signed = bytes.fromhex("06092a864886f70d010702")
    oid_data = bytes.fromhex("06092a864886f70d010701")
    chunks = b"\x24\x80" + b"\x04\x03Whe" + b"\x04\x02re" + b"\x00\x00"
    inner = b"\x02\x01\x01" + b"\x31\x00" + b"\x30\x80" + oid_data + b"\xa0\x80" + chunks
    raw = b"\x30\x80" + oid_signed + b"\xa0\x80" + b"\x30\x80" + inner
    assert signed_content(raw) == b"Where"


def test_signature_beside_the_text_is_kept_and_named() -> None:
    mail = parse_mail(
        b"From: ann@cust.example\nContent-Type: multipart/signed;"
        b' protocol="application/pkcs7-signature"; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\n\nWhere is my order?\n"
        b"--b\nContent-Type: application/pkcs7-signature\n\nx\n--b--\n"
    )
    assert said_now(mail) == "Where is my order?"
    assert [file.filename for file in mail.files] == ["smime.p7s"]


ENVELOPED = smime(b"\x30\x03\x02\x01\x00", "smime-type=enveloped-data;")
PGP_MIME = parse_mail(
    b"From: ann@cust.example\nSubject: Order\nContent-Type: multipart/encrypted;"
    b' protocol="application/pgp-encrypted"; boundary="b"\n\n'
    b"--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
    b"--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n"
    b"-----BEGIN PGP MESSAGE-----\n--b--\n"
)
PGP_INLINE = parse_mail(
    b"From: ann@cust.example\nSubject: Order\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n"
)


@pytest.mark.parametrize(
    ("mail", "how"), [(ENVELOPED, "S/MIME"), (PGP_MIME, "PGP"), (PGP_INLINE, "PGP")]
)
def test_encrypted_mail_waits_for_operators_and_says_so(mail: Mail, how: str) -> None:
    assert mail.encrypted == how
    assert f"[The mail is encrypted with {how}; its text cannot be read here.]" in said_now(mail)
    disposition = judge(Evidence(mail))
    assert (disposition.kind.value, disposition.reasons) == ("human", ("encrypted",))
    assert not disposition.reply_allowed


def test_encrypted_parts_are_kept_and_named() -> None:
    assert [file.filename for file in ENVELOPED.files] == ["smime.p7m"]
    assert [file.filename for file in PGP_MIME.files] == ["version.txt", "encrypted.asc"]


def test_words_that_are_signed_in_the_text_are_read_without_armour() -> None:
    raw = (
        b"From: ann@cust.example\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
        b"Where is my order?\n- -- see above\n-----BEGIN PGP SIGNATURE-----\n\nabc\n"
        b"-----END PGP SIGNATURE-----\n"
    )
    assert parse_mail(raw).text.strip() == "Where is my order?\n-- see above"


def test_armour_that_a_customer_asks_about_stays() -> None:
    raw = b"From: ann@cust.example\n\nWhat is this?\n-----BEGIN PGP SIGNED MESSAGE-----\n\nx\n"
    assert "BEGIN PGP SIGNED" in parse_mail(raw).text


def test_inspection_shows_the_note() -> None:
    raw = b"From: ann@cust.example\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n"
    assert "encrypted" in json.dumps(inspect(raw, "a.eml"))


@given(st.binary(max_size=300))
def test_any_bytes_are_no_error(raw: bytes) -> None:
    signed_content(raw)
    signed_content(bytes.fromhex("308006092a864886f70d010702a080308002010131003080") + raw)


def test_nested_chunks_end() -> None:
    head = bytes.fromhex("308006092a864886f70d010702a080308002010131003080")
    assert (
        signed_content(head + bytes.fromhex("06092a864886f70d010701a080") + b"\x24\x80" * 9_000)
        is None
    )
