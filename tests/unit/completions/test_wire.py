from __future__ import annotations

from supportbot.completions.wire import UNSEEN, Wire, request_body
from supportbot.model.completion import ChatMessage, Prompt, ToolCall, ToolSpec
from supportbot.model.file import Image
from supportbot.model.message import Role

PROMPT = Prompt(
    messages=(
        ChatMessage(Role.SYSTEM, "Be kind."),
        ChatMessage(Role.USER, "Hello"),
        ChatMessage(Role.ASSISTANT, "", tool_calls=(ToolCall("c1", "look", '{"a": 1'),)),
        ChatMessage(Role.TOOL, "found", tool_call_id="c1"),
    ),
    tools=(ToolSpec("look", "Look.", {"type": "object"}), ToolSpec("ask", "Ask.", {})),
    max_output_tokens=50,
)


def test_prompt_becomes_a_streamed_request() -> None:
    body = request_body(PROMPT, Wire("m"))
    assert body["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "look", "arguments": '{"a": 1'},
                }
            ],
        },
        {"role": "tool", "content": "found", "tool_call_id": "c1"},
    ]
    assert [tool["function"]["name"] for tool in body["tools"]] == ["ask", "look"]
    assert (body["model"], body["stream"], body["max_completion_tokens"]) == ("m", True, 50)
    assert body["stream_options"] == {"include_usage": True}


def test_server_that_knows_less_is_asked_for_less() -> None:
    wire = Wire("m", system_role="developer", limit_name="max_tokens", stream_usage=False)
    body = request_body(PROMPT, wire)
    assert body["messages"][0]["role"] == "developer"
    assert body["max_tokens"] == 50
    assert not {"stream_options", "max_completion_tokens"} & set(body)


def test_nothing_is_said_about_tools_and_limits_that_are_not_there() -> None:
    body = request_body(Prompt((ChatMessage(Role.USER, "Hi"),)), Wire("m"))
    assert set(body) == {"model", "messages", "stream", "stream_options"}


def test_picture_is_a_part_of_its_message_for_a_model_that_sees() -> None:
    image = Image("shot.png", "image/png", b"PNG", 100)
    prompt = Prompt((ChatMessage(Role.USER, "Look", images=(image, image)),))
    (message,) = request_body(prompt, Wire("m", sees=True))["messages"]
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}}
    assert message["content"] == [{"type": "text", "text": "Look"}, shown, shown]


def test_model_that_does_not_see_is_told_so() -> None:
    image = Image("shot.png", "image/png", b"PNG", 100)
    prompt = Prompt((ChatMessage(Role.USER, "Look", images=(image,)),))
    (message,) = request_body(prompt, Wire("m"))["messages"]
    assert message["content"] == f"Look\n\n{UNSEEN}"
