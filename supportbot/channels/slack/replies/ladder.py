"""The forms of a message, the richest first: what Slack refuses as it is, leaves in the next form.

Slack knows more reasons to refuse a block than it tells; nobody is left without an answer for it.
https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from supportbot.channels.slack.failures import error_code
from supportbot.channels.slack.replies.render import Post

#: It is the form that Slack refuses; nothing was posted.
FORM_REFUSED = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "markdown_text_conflict",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
    }
)
#: Look like what has to be escaped, and are one character each.
_LOOK_ALIKES = str.maketrans({"&": "\uff06", "<": "\u2039", ">": "\u203a"})


def forms(post: Post) -> Iterator[Mapping[str, Any]]:
    """Yield what a message is posted, or updated, with: blocks, Markdown, plain text.

    Plain text once more without what is escaped: escapes may make it longer than Slack allows.
    """
    if post.blocks:
        yield {"text": post.text, "blocks": [dict(block) for block in post.blocks]}
    if post.markdown.strip():
        yield {"markdown_text": post.markdown}
    yield {"text": post.plain}
    yield {"text": post.markdown.replace("&lt;", "<").translate(_LOOK_ALIKES)}


async def in_some_form(
    call: Callable[..., Awaitable[AsyncSlackResponse]], post: Post, arguments: Mapping[str, Any]
) -> AsyncSlackResponse:
    """Call Slack with the richest form that it takes.

    Raises:
        SlackApiError: it takes none, or refuses for another reason.
    """
    refusal: SlackApiError | None = None
    for form in forms(post):
        try:
            return await call(**arguments, **form)
        except SlackApiError as error:
            if error_code(error) not in FORM_REFUSED:
                raise
            refusal = error
    if refusal is None:
        raise RuntimeError("a message has a form at least")
    raise refusal
