"""Mails as programs send them, written for the tests."""

from __future__ import annotations

from typing import Final

_FROM_ANN: Final = (
    "From: =?utf-8?q?Ann_M=C3=BCller?= <ann@cust.example>\nTo: Help <help@bot.example>\n"
    "Message-ID: <a1@cust.example>\nIn-Reply-To: <b1@bot.example>\n"
    "References: <b0@bot.example>\n <b1@bot.example>\nDate: Mon, 2 Mar 2026 09:00:00 +0100\n"
    "Subject: =?utf-8?b?UmU6IEJlc3RlbGx1bmcgwqs0MsK7?=\nMIME-Version: 1.0\n"
)

GMAIL: Final = (
    _FROM_ANN
    + 'Content-Type: multipart/alternative; boundary="000a"\n\n'
    + '--000a\nContent-Type: text/plain; charset="UTF-8"\n'
    + "Content-Transfer-Encoding: quoted-printable\n\n"
    + "Ja, bitte.=20\n\nAm Mo., 2. M=C3=A4rz 2026 um 08:30 Uhr schrieb Help <\n"
    + "help@bot.example>:\n\n> Soll ich sie stornieren?\n>\n"
    + '--000a\nContent-Type: text/html; charset="UTF-8"\n\n'
    + '<div dir="ltr">Ja, bitte.</div><br><div class="gmail_quote"><div class="gmail_attr">'
    + 'Am Mo. schrieb Help:<br></div><blockquote class="gmail_quote">Soll ich?</blockquote></div>\n'
    + "--000a--\n"
).encode()

OUTLOOK: Final = (
    _FROM_ANN
    + 'Content-Type: multipart/related;\n\tboundary="_004_"; type="text/html"\n\n'
    + '--_004_\nContent-Type: text/html; charset="Windows-1252"\n'
    + "Content-Transfer-Encoding: base64\n\n"
    + "PGh0bWw+PGhlYWQ+PHN0eWxlPi54e2Rpc3BsYXk6bm9uZX08L3N0eWxlPjwvaGVhZD48Ym9keT48cD5ZZXMh\n"
    + "PC9wPjxkaXYgaWQ9ImRpdlJwbHlGd2RNc2ciPjxiPkZyb206PC9iPiBCb2I8L2Rpdj48L2JvZHk+PC9odG1s\nPg==\n"
    + '--_004_\nContent-Type: image/png; name="image001.png"\nContent-ID: <image001.png@01>\n'
    + 'Content-Disposition: inline; filename="image001.png"\nContent-Transfer-Encoding: base64\n\n'
    + "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ\n--_004_--\n"
).encode()  # fmt: skip

REPORT: Final = (
    "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example (Mail Delivery System)\n"
    "To: help+b1@bot.example\nSubject: Undelivered Mail Returned to Sender\n"
    "Auto-Submitted: auto-replied\nMessage-ID: <r1@mx.example>\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\n\n'
    "--r\nContent-Type: text/plain; charset=us-ascii\n\nI'm sorry to have to inform you...\n"
    "--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
    "Final-Recipient: rfc822; ann@cust.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <ann@cust.example>: no such user\n\n"
    "--r\nContent-Type: message/rfc822\n\nFrom: help@bot.example\nMessage-ID: <b1@bot.example>\n"
    "Subject: Re: Order\n\nHello Ann\n--r--\n"
).replace("\n", "\r\n").encode()  # fmt: skip

INVITATION: Final = (
    _FROM_ANN
    + 'Content-Type: multipart/mixed; boundary="i"\n\n'
    + "--i\nContent-Type: text/plain; format=flowed; charset=iso-8859-1\n\nPasst das f\xfcr Sie?\n"
    + "--i\nContent-Type: text/calendar; method=REQUEST; name*=utf-8''Einladung.ics\n\n"
    + "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Gespr\xe4ch\n"
    + "DTSTART:20260302T100000Z\nORGANIZER;CN=Ann:mailto:ann@cust.example\nEND:VEVENT\n"
    + "--i\nContent-Type: application/ms-tnef; name=winmail.dat\n\nx\n--i--\n"
).encode("latin-1")

SIGNED: Final = (
    _FROM_ANN
    + 'Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary="s"\n\n'
    + "--s\nContent-Type: text/plain\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHi\n"
    + "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n"
    + "--s\nContent-Type: application/pgp-signature\n\nx\n--s--\n"
).encode()

FORWARD: Final = (
    b'From: "Doe, John" <john@cust.example>, (x) y@z.example\nSubject: WG: Rechnung\n'
    b'Content-Type: multipart/mixed; boundary="f"\n\n'
    b"--f\n\nPlease see below.\n\n-------- Weitergeleitete Nachricht --------\nVon: Bob\n\nHallo\n"
    b'--f\nContent-Type: message/rfc822; name*0="a"; name*1="b.eml"\n\nSubject: inner\n\nINNER\n'
    b"--f\nContent-Type: application/pkcs7-mime; smime-type=signed-data\n"
    b"Content-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHAqCAMIACAQExADCA\n"
    b'--f\nContent-Type: application/octet-stream; name="..\\\\x.pdf"\n\n%PDF-1.4\n--f--\n'
)  # fmt: skip

ALL: Final = (GMAIL, OUTLOOK, REPORT, INVITATION, SIGNED, FORWARD)
