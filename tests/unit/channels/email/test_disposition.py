"""Whom not to answer, rule by rule, and whom to answer nevertheless."""

from __future__ import annotations

from typing import Any

import pytest

from supportbot.channels.email.meaning.disposition import RULES, Evidence, judge, without_plus
from supportbot.channels.email.reading.parse import parse_mail
from supportbot.model.inbound import Disposition, DispositionKind


def judged(*headers: str, body: str = "hello", **facts: Any) -> Disposition:
    lines = list(headers)
    if not any(line.lower().startswith("from:") for line in lines):
        lines.append("From: ann@cust.example")
    raw = "\n".join(lines) + f"\n\n{body}"
    return judge(Evidence(parse_mail(raw.encode()), **facts))


def report(kind: str, *parts: str, sender: str = "ann@cust.example") -> Disposition:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return judged(
        f"From: {sender}",
        f'Content-Type: multipart/report; report-type={kind}; boundary="b"',
        body=f"{body}--b--\n",
    )


def status(action: str) -> str:
    return (
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        f"Final-Recipient: rfc822; a@b.example\nAction: {action}\nStatus: 5.1.1\n"
    )


def test_rule_names_are_unique_and_described() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.description for rule in RULES)


def test_ordinary_mail_is_answered() -> None:
    assert judged("Subject: Where is my order?") == Disposition()


@pytest.mark.parametrize(
    "headers",
    [
        ["Auto-Submitted: no"],
        ["Auto-Submitted: No; why=manual"],
        ["Precedence: first-class"],
        ["Precedence: normal"],
        ["Subject: Undelivered parcel: where is it?"],
        ["Subject: Delivery failed, I was at home"],
        ["Subject: Re: your automatic reply feature"],
        ["Subject: Delivery Status Notification is missing in my account"],
        ["X-Auto-Response-Suppress: None"],
        ["From: mailing@cust.example"],
        ["From: listen@cust.example"],
        ["From: rooter@cust.example"],
        ["From: noreen.reply@cust.example"],
        ["Return-Path: <ann@cust.example>"],
        ["X-Loop: help@bot.example"],
        ["X-Mailer: AutoMailer"],
        ["Return-Path: <postmaster@cust.example>"],
        ["From: Ann Delivery <ann@cust.example>", "Subject: Delivery failed"],
        ["Subject: Read: my complaint of Monday"],
        ["Subject: Abuse report", "From: victim@cust.example"],
        ["X-MS-Exchange-Inbox-Rules-Loop: ann@cust.example"],
        ["X-FreeScout-Mail-Type: user.message"],
    ],
)
def test_human_mail_that_looks_suspicious_is_answered(headers: list[str]) -> None:
    assert judged(*headers, body="My delivery failed yesterday. Could you help?") == Disposition()


@pytest.mark.parametrize(
    ("headers", "kind", "reason"),
    [
        (["Auto-Submitted: auto-replied"], "auto_reply", "auto_submitted"),
        (["Auto-Submitted: Auto-Generated (rfc3834)"], "auto_reply", "auto_submitted"),
        (["auto-submitted: auto-notified; owner=x"], "auto_reply", "auto_submitted"),
        (["Auto-Submitted: no", "Auto-Submitted: auto-replied"], "auto_reply", "auto_submitted"),
        (["Return-Path: <>"], "auto_reply", "null_return_path"),
        (["Return-Path: < >"], "auto_reply", "null_return_path"),
        (["Return-Path: <MAILER-DAEMON@mx.example>"], "bounce", "daemon_sender"),
        (["X-OTRS-Loop: yes"], "auto_reply", "auto_header"),
        (["X-FreeScout-Mail-Type: auto.reply"], "auto_reply", "auto_header"),
        (["Mailing-List: contact news-help@x.example"], "list", "list_header"),
        (["X-BeenThere: news@x.example"], "list", "list_header"),
        (
            ["Subject: Report Domain: x.example Submitter: mx.example Report-ID: <1@mx.example>"],
            "feedback",
            "feedback_report",
        ),
        (
            ["From: System Administrator <admin@x.example>", "Subject: Undeliverable: Order"],
            "bounce",
            "daemon_sender",
        ),
        (
            ["Return-Path: <>", "Subject: Successful Mail Delivery Report"],
            "mdn",
            "arrival_words",
        ),
        (["From: mailer-daemon@x.example", "Subject: Delivered: Order"], "mdn", "arrival_words"),
        (["Auto-Submitted: auto-replied", "Subject: Gelesen: Order"], "mdn", "arrival_words"),
        (["Precedence: bulk"], "list", "precedence"),
        (["Precedence: Junk"], "list", "precedence"),
        (["Precedence: list"], "list", "precedence"),
        (["X-Precedence: bulk"], "list", "precedence"),
        (["Precedence: auto_reply"], "auto_reply", "auto_header"),
        (["X-Autoreply: yes"], "auto_reply", "auto_header"),
        (["X-Autorespond: Away"], "auto_reply", "auto_header"),
        (["X-Autoresponder: 1"], "auto_reply", "auto_header"),
        (["X-Autoresponse: yes"], "auto_reply", "auto_header"),
        (["X-AutoReply-From: x"], "auto_reply", "auto_header"),
        (["X-Mail-Autoreply: yes"], "auto_reply", "auto_header"),
        (["X-Autogenerated: reply"], "auto_reply", "auto_header"),
        (["X-Auto-Generated: 1"], "auto_reply", "auto_header"),
        (["X-AMAZON-MAIL-RELAY-TYPE: notification"], "auto_reply", "auto_header"),
        (["Delivered-To: autoresponder"], "auto_reply", "auto_header"),
        (["X-Loop: yes"], "auto_reply", "auto_header"),
        (["List-Id: <news.shop.example>"], "list", "list_header"),
        (["List-Unsubscribe: <https://x>"], "list", "list_header"),
        (["Feedback-ID: 1:2:3"], "list", "list_header"),
        (["From: MAILER-DAEMON@mx.example"], "bounce", "daemon_sender"),
        (["From: Mailer-Daemon <>"], "bounce", "daemon_sender"),
        (["From: Mail Delivery System <>"], "bounce", "daemon_sender"),
        (["From: postmaster@mx.example"], "bounce", "daemon_sender"),
        (["From: <>", "Subject: Returned mail: User unknown"], "bounce", "bounce_words"),
        (["X-Failed-Recipients: a@b.example"], "bounce", "bounce_header"),
        (
            ["From: no-reply@mx.example", "Subject: Undeliverable: Hello"],
            "bounce",
            "bounce_words",
        ),
        (["From: no-reply@shop.example"], "human", "no_reply_sender"),
        (["From: notifications-noreply@shop.example"], "human", "no_reply_sender"),
        (["From: donotreply@shop.example"], "human", "no_reply_sender"),
        (["From: noreply2@shop.example"], "human", "no_reply_sender"),
        (["From: ne-pas-repondre@shop.example"], "human", "no_reply_sender"),
        (["From: bitte-nicht-antworten@shop.example"], "human", "no_reply_sender"),
        (["From: nao-responda@shop.example"], "human", "no_reply_sender"),
        (["From: nonrispondere@shop.example"], "human", "no_reply_sender"),
        (["From: nie.odpowiadaj@shop.example"], "human", "no_reply_sender"),
        (["From: 1+ann@users.noreply.forge.example"], "human", "no_reply_sender"),
        (["From: root@host.example"], "human", "no_reply_sender"),
        (["From: abuse@host.example"], "human", "no_reply_sender"),
        (["X-Auto-Response-Suppress: All"], "human", "suppress_requested"),
        (["X-Auto-Response-Suppress: DR, OOF, AutoReply"], "human", "suppress_requested"),
        (["From: a@x.example, b@x.example"], "human", "no_sender"),
    ],
)
def test_rule_hits_by_name_and_forbids_a_reply(headers: list[str], kind: str, reason: str) -> None:
    disposition = judged(*headers)
    assert disposition.kind.value == kind
    assert reason in disposition.reasons
    assert not disposition.reply_allowed


def test_null_envelope_sender_counts_more_than_the_header() -> None:
    assert judged("Return-Path: <ann@cust.example>", mail_from="").reasons == ("null_return_path",)
    assert judged("Return-Path: <>", mail_from="ann@cust.example").reply_allowed


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        ("failed", "bounce"),
        ("delayed", "bounce"),
        ("delivered", "mdn"),
        ("relayed", "mdn"),
        ("expanded", "mdn"),
    ],
)
def test_delivery_report_is_told_apart_by_its_action(action: str, kind: str) -> None:
    assert report("delivery-status", status(action)).kind.value == kind


def test_action_that_is_missing_follows_from_the_status() -> None:
    group = "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\nStatus: 2.1.5\n"
    found = report("delivery-status", f"Content-Type: message/delivery-status\n\n{group}")
    assert found.kind is DispositionKind.MDN


@pytest.mark.parametrize(
    ("notice", "kind"), [("Bounce", "bounce"), ("Complaint", "feedback"), ("Delivery", "mdn")]
)
def test_notice_in_json_is_told_by_its_type(notice: str, kind: str) -> None:
    body = f'{{"notificationType":"{notice}","mail":{{}}}}'
    assert judged("From: no-reply@sns.example", body=body).kind.value == kind
    assert judged(body=body).kind is DispositionKind.HUMAN


def test_report_that_a_person_passes_on_is_a_persons_mail() -> None:
    parts = ("Content-Type: text/plain\n\nWhat does this mean?", status("failed"))
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    headers = ['Content-Type: multipart/mixed; boundary="b"', "Subject: Fwd: Undelivered Mail"]
    assert judged(*headers, body=body) == Disposition()
    assert judged("Return-Path: <>", *headers, body=body).kind is DispositionKind.BOUNCE


@pytest.mark.parametrize(
    ("sender", "subject", "kind"),
    [
        ("staff@provider.example", "complaint about message from 192.0.2.7", "feedback"),
        ("x@provider.example", "Email Feedback Report for IP 192.0.2.7", "feedback"),
        ("ann@cust.example", "Abuse report", "human"),
    ],
)
def test_complaint_in_prose_needs_a_second_sign(sender: str, subject: str, kind: str) -> None:
    attached = "Content-Type: message/rfc822\n\nSubject: Win!\n\nx"
    found = judged(
        f"From: {sender}",
        f"Subject: {subject}",
        'Content-Type: multipart/mixed; boundary="b"',
        body=f"--b\n\nsee below\n--b\n{attached}\n--b--\n",
    )
    assert found.kind.value == kind


@pytest.mark.parametrize(
    ("list_id", "answered"), [("Help <help.bot.example>", True), ("<news.x.example>", False)]
)
def test_group_that_is_our_own_address_is_no_list(list_id: str, answered: bool) -> None:  # noqa: FBT001
    own = frozenset({"help@bot.example"})
    headers = [f"List-Id: {list_id}", "List-Unsubscribe: <https://x>", "Precedence: list"]
    assert judged(*headers, own_addresses=own).reply_allowed is answered
    assert not judged(*headers, "Precedence: bulk", own_addresses=own).reply_allowed


def test_report_of_mixed_success_is_a_bounce() -> None:
    both = status("delivered") + "\nFinal-Recipient: rfc822; c@d.example\nAction: failed\n"
    assert report("delivery-status", both).kind is DispositionKind.BOUNCE


def test_read_receipt_is_never_answered() -> None:
    found = report("disposition-notification", "Content-Type: text/plain\n\nread")
    assert (found.kind, found.reply_allowed) == (DispositionKind.MDN, False)


def test_abuse_report_is_told_from_a_bounce() -> None:
    found = report(
        "feedback-report", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse"
    )
    assert found.kind is DispositionKind.FEEDBACK


def test_vacation_with_a_null_path_is_an_auto_reply_and_no_bounce() -> None:
    found = judged("Return-Path: <>", "Auto-Submitted: auto-replied (vacation)", "Precedence: bulk")
    assert found.kind is DispositionKind.AUTO_REPLY
    assert {"auto_submitted", "null_return_path", "precedence"} <= set(found.reasons)


@pytest.mark.parametrize("sender", ["help@bot.example", "HELP+t1@Bot.example", "sales@bot.example"])
def test_mail_from_our_own_addresses_is_never_answered(sender: str) -> None:
    own = frozenset({"help@bot.example", "sales@bot.example"})
    found = judged(f"From: {sender}", own_addresses=own)
    assert (found.kind, found.reply_allowed) == (DispositionKind.OWN, False)


def test_our_own_message_coming_back_is_never_answered() -> None:
    assert judged(signed_by_us=True).kind is DispositionKind.OWN


def test_old_mail_stays_a_persons_mail_but_is_not_answered() -> None:
    found = judged(before_cut_over=True)
    assert found == Disposition(DispositionKind.HUMAN, False, ("before_cut_over",))  # noqa: FBT003


def test_unreadable_mail_is_never_answered() -> None:
    found = judge(Evidence(parse_mail(b"")))
    assert (found.kind, found.reply_allowed) == (DispositionKind.UNREADABLE, False)


def test_plus_part_is_no_other_address() -> None:
    assert without_plus("Help+X+y@Bot.Example") == "help@bot.example"
