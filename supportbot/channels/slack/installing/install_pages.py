"""What whoever installs the app sees at the end: a plain sentence. Pure."""

from __future__ import annotations

import html

#: Why it is not installed for somebody who did everything right.
NOT_ALLOWED = "not_allowed"

#: Why it did not work, in the words of Bolt's flow or of Slack, and what to do.
_REASONS = {
    "access_denied": "Slack was told not to install it, so nothing was changed.",
    "invalid_browser": "This page was reached from another browser or tab than the one that "
    "began, or cookies are switched off. Nothing was installed.",
    "invalid_state": "The way back from Slack took too long, or this page was opened a second "
    "time. Nothing was installed.",
    "invalid_code": "Slack did not accept what it had handed out itself a moment ago. "
    "Nothing was installed.",
    NOT_ALLOWED: "This workspace is not one of those that this bot works for; whoever runs the bot "
    "can allow it. Nothing was kept. Remove the app in Slack's settings, if it is shown there.",
    "unreachable": "Slack did not answer. Nothing was installed.",
    "not_stored": "It could not be stored here. Remove the app in Slack's settings before "
    "trying again, if it is shown there.",
}
_ELSE = "Something was missing in what Slack sent. Nothing was installed."

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
<p><a href="{address}">{link}</a></p>
</main>
</body>
</html>
"""


def success_page(workspace: str, owner: str, app_id: str) -> str:
    """Say that it is installed, and lead into Slack."""
    return _page(
        "Installed",
        f"The support bot is in {workspace} now. Mention it in a channel that it was invited to, "
        "or write to it directly.",
        ("Open it in Slack", f"https://slack.com/app_redirect?app={app_id}&team={owner}"),
    )


def failure_page(reason: str, install_path: str) -> str:
    """Say why it is not installed, as far as we know the reason, and lead back to the start."""
    return _page("Not installed", _REASONS.get(reason, _ELSE), ("Start again", install_path))


def _page(title: str, text: str, link: tuple[str, str]) -> str:
    return _PAGE.format(
        title=html.escape(title),
        text=html.escape(text),
        link=html.escape(link[0]),
        address=html.escape(link[1]),
    )
