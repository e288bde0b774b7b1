"""From a prompt to the body of a chat completions request. Pure.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal

from supportbot.model.completion import ChatMessage, Prompt, ToolSpec
from supportbot.model.file import Image
from supportbot.model.message import Role

#: Told to a model that is asked in the place of one that can see.
UNSEEN = "(The pictures that are named here cannot be seen by you.)"


@dataclass(frozen=True, slots=True)
class Wire:
    """What a server understands; the defaults suit the vendor's own."""

    model: str
    #: Newer vendors' models want `developer`; many compatible servers know `system` only.
    system_role: Literal["system", "developer"] = "system"
    #: The old name of the limit, for servers that refuse the new one.
    limit_name: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    #: False for servers that refuse `stream_options`; usage is estimated then.
    stream_usage: bool = True
    #: True: the model is shown pictures; else it is told that it cannot see them.
    sees: bool = False
    #: Used where the prompt names no limit of its own.
    max_output_tokens: int | None = None


def request_body(prompt: Prompt, wire: Wire) -> dict[str, Any]:
    """Build the request. Tools are sorted by name, so that equal prompts have equal prefixes."""
    body: dict[str, Any] = {
        "model": wire.model,
        "messages": [_message(message, wire) for message in prompt.messages],
        "stream": True,
    }
    if prompt.tools:
        body["tools"] = [_tool(tool) for tool in sorted(prompt.tools, key=lambda tool: tool.name)]
    if limit := prompt.max_output_tokens or wire.max_output_tokens:
        body[wire.limit_name] = limit
    if wire.stream_usage:
        body["stream_options"] = {"include_usage": True}
    return body


def _message(message: ChatMessage, wire: Wire) -> dict[str, Any]:
    role = wire.system_role if message.role is Role.SYSTEM else message.role.value
    shown: dict[str, Any] = {"role": role, "content": _content(message, wire)}
    if message.tool_calls:
        shown["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        shown["tool_call_id"] = message.tool_call_id
    return shown


def _content(message: ChatMessage, wire: Wire) -> str | list[dict[str, Any]]:
    """Return the text, or the text and the pictures as the parts of a message.

    https://platform.openai.com/docs/guides/images-vision
    """
    if not message.images:
        return message.content
    if not wire.sees:
        return f"{message.content}\n\n{UNSEEN}"
    pictures = [{"type": "image_url", "image_url": {"url": _url(one)}} for one in message.images]
    return [{"type": "text", "text": message.content}, *pictures]


def _url(image: Image) -> str:
    return f"data:{image.content_type};base64,{base64.b64encode(image.content).decode()}"


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        },
    }
