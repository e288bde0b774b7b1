"""The scripted day: two products, three channels, and the moments that go wrong elsewhere."""

from __future__ import annotations

from supportbot.demo.cast import HOSTING_HELP, SHOP_HELP, SUPPORT_TEAM
from supportbot.demo.scene import Scene
from supportbot.demo.scenes import chat, mail, people, slack

SCENES = (
    Scene(
        "A question with a mention",
        f"Slack #{HOSTING_HELP.name}",
        "hosting",
        "answered in its thread, with quote and link",
        slack.mention,
    ),
    Scene(
        "A follow-up without a mention",
        f"Slack #{HOSTING_HELP.name}",
        "hosting",
        "answered in the same ticket",
        slack.follow_up,
    ),
    Scene(
        "A slash command",
        f"Slack #{SHOP_HELP.name}",
        "hosting",
        "answered in a direct message",
        slack.command,
    ),
    Scene(
        "A person takes over",
        f"Slack #{HOSTING_HELP.name}",
        "hosting",
        f"answered from #{SUPPORT_TEAM.name}, bot silent",
        people.person,
    ),
    Scene(
        "A draft in Slack",
        f"Slack #{SHOP_HELP.name}",
        "retail",
        "sent by an operator, once",
        people.draft,
    ),
    Scene("A question by mail", "Email", "hosting", "answered by mail, threaded", mail.question),
    Scene(
        "An out-of-office reply",
        "Email",
        "hosting",
        "filed on the ticket, not answered",
        mail.out_of_office,
    ),
    Scene("A question in the chat", "Web chat", "hosting", "answered in the chat", chat.question),
    Scene(
        "What no help page answers",
        "Web chat",
        "hosting",
        "handed off, customer told",
        chat.unknown,
    ),
    Scene("A product in draft mode", "Email", "retail", "a draft waits, nothing sent", mail.draft),
    Scene(
        "Slack delivers twice",
        f"Slack #{HOSTING_HELP.name}",
        "hosting",
        "nothing changes",
        slack.redelivery,
    ),
)
