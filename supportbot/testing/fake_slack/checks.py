"""What Slack refuses about a message. Each refusal is noted as a violation too.

Limits: https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from supportbot.testing.fake_slack.workspace import ApiRefusal, FakeChannel, Workspace

MAX_TEXT_CHARS = 40_000
MAX_UPDATE_TEXT_CHARS = 4_000
MAX_MARKDOWN_CHARS = 12_000
MAX_BLOCKS = 50


def check_content(workspace: Workspace, args: Mapping[str, Any], *, max_text_chars: int) -> None:
    """Check text, markdown and blocks of a post or an update."""
    text, markdown = args.get("text") or "", args.get("markdown_text") or ""
    blocks = args.get("blocks") or []
    if not (text or markdown or blocks or args.get("attachments")):
        refuse(workspace, "no_text", "the message is empty")
    if markdown and (text or blocks):
        refuse(workspace, "markdown_text_conflict", "markdown_text beside text or blocks")
    if len(text) > max_text_chars:
        refuse(workspace, "msg_too_long", f"text has {len(text)} characters")
    if len(markdown) > MAX_MARKDOWN_CHARS:
        refuse(workspace, "msg_too_long", f"markdown_text has {len(markdown)} characters")
    check_blocks(workspace, blocks)


def check_blocks(workspace: Workspace, blocks: Any) -> None:
    """Check the blocks of a message."""
    for problem in block_problems(blocks):
        refuse(workspace, "invalid_blocks", problem)


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Name the blocks that have no id, as Slack does."""
    return [{"block_id": f"b{number}", **block} for number, block in enumerate(blocks)]


def check_may_post(channel: FakeChannel) -> None:
    """Check that the bot may write there; being refused this is no violation."""
    if channel.is_archived:
        raise ApiRefusal("is_archived")
    if channel.bot_user not in channel.members:
        raise ApiRefusal("not_in_channel")


def check_thread(workspace: Workspace, channel: FakeChannel, thread_ts: str | None) -> None:
    """Check that the message to answer exists and opens a thread."""
    if not thread_ts:
        return
    root = workspace.find(channel.id, thread_ts)
    if root is None:
        refuse(workspace, "thread_not_found", f"no message {thread_ts} in {channel.id}")
    elif root.root != root.ts:
        refuse(workspace, "cannot_reply_to_message", f"{thread_ts} is itself a reply")


def refuse(workspace: Workspace, code: str, what: str) -> NoReturn:
    """Refuse a call that no bot should make, and note it.

    Raises:
        ApiRefusal: always.
    """
    workspace.violations.append(f"{code}: {what}")
    raise ApiRefusal(code)


def block_problems(blocks: Any, most: int = MAX_BLOCKS) -> Iterable[str]:
    """Say what Slack would not take about the blocks of a message or a view."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        yield "blocks are no list of objects"
        return
    if len(blocks) > most:
        yield f"{len(blocks)} blocks"
    yield from _repeated("block_id", blocks)
    markdown = [b.get("text") or "" for b in blocks if b.get("type") == "markdown"]
    if sum(map(len, markdown)) > MAX_MARKDOWN_CHARS:
        yield f"markdown blocks of {sum(map(len, markdown))} characters"
    for block in blocks:
        yield from _repeated("action_id", block.get("elements") or [])
        yield from _shape_problems(block)


def _repeated(name: str, items: Iterable[Any]) -> Iterable[str]:
    ids = Counter(item[name] for item in items if isinstance(item, dict) and item.get(name))
    return (f"{name} {id_} is used {count} times" for id_, count in ids.items() if count > 1)


def _shape_problems(block: dict[str, Any]) -> Iterable[str]:
    """Let the SDK's own models validate lengths and required fields."""
    try:
        parsed = Block.parse(block)
        if parsed is None:
            yield f"unknown block type {block.get('type')}"
        else:
            parsed.to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        yield f"{block.get('type')}: {error}"
