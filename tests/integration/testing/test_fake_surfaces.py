"""The fake workspace's commands, shortcuts, messages tab, groups, scopes and troubles."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from supportbot.testing.fake_slack import FakeSlack
from tests.integration.testing.calling import client, refusal

PROMPT = {"title": "Export", "message": "How do I export?"}


async def test_what_is_posted_to_a_response_url_goes_to_whoever_asked(lenient: FakeSlack) -> None:
    typed = lenient.requests.command("ada", "hi <there>", channel="support")
    assert (typed.payload["text"], typed.payload["channel_id"]) == ("hi &lt;there&gt;", "C0SUPPORT")
    answered = await AsyncWebhookClient(typed.payload["response_url"]).send(text="Hello")
    assert answered.status_code == 200
    ((user, body),) = lenient.requests.answers
    assert (user, body["text"]) == ("U0ADA", "Hello")
    made_up = AsyncWebhookClient(f"{typed.payload['response_url']}x")
    assert (await made_up.send(text="Hello")).status_code == 404


async def test_answers_to_a_press_are_seen_as_they_say(lenient: FakeSlack) -> None:
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    blocks = [{"type": "actions", "elements": [button]}]
    web = client(lenient)
    for number in range(4):
        await web.chat_postMessage(channel="C0SUPPORT", text=f"{number}", blocks=blocks)
    first, *_, last = lenient.workspace.messages
    hooks = [
        AsyncWebhookClient(lenient.click(message, "go", "ada").payload["response_url"])
        for message in (first, last)
    ]
    for hook, how in (
        (hooks[0], {"replace_original": True}),
        (hooks[0], {"response_type": "in_channel"}),
        (hooks[0], {"response_type": "ephemeral"}),
        (hooks[1], {"delete_original": True}),
    ):
        await hook.send_dict({"text": "new", **how})
    assert [one.text for one in lenient.workspace.messages] == ["new", "1", "2", "new"]
    assert [(user, one.text) for user, one in lenient.workspace.ephemerals] == [("U0ADA", "new")]


async def test_what_is_posted_to_a_person_goes_to_their_direct_messages(
    lenient: FakeSlack,
) -> None:
    await client(lenient).chat_postMessage(channel="U0ADA", text="Hello")
    (message,) = lenient.workspace.messages
    assert lenient.workspace.channels[message.channel].members == {"U0ADA", lenient.bot_user}


async def test_bot_joins_takes_its_emoji_back_and_finds_people(lenient: FakeSlack) -> None:
    web, message = client(lenient), lenient.say("support", "ada", "hi")
    lenient.add_user("kim", email="kim@example.org")
    place = {"channel": message.channel, "timestamp": message.ts, "name": "eyes"}
    await web.reactions_add(**place)
    await web.reactions_remove(**place)
    assert await refusal(web.reactions_remove(**place)) == "no_reaction"
    found = await web.users_lookupByEmail(email="kim@example.org")
    assert found["user"]["name"] == "kim"
    assert await refusal(web.users_lookupByEmail(email="x@example.org")) == "users_not_found"
    hall = lenient.add_channel("hall", bot_is_member=False)
    assert (await web.conversations_join(channel=hall.id))["channel"]["is_member"]
    secret = lenient.add_channel("secret", bot_is_member=False, kind="group")
    joining = web.conversations_join(channel=secret.id)
    assert await refusal(joining) == "method_not_supported_for_channel_type"


async def test_view_that_is_updated_is_seen_anew(lenient: FakeSlack) -> None:
    def home(text: str) -> dict[str, Any]:
        words = {"type": "plain_text", "text": text}
        return {"type": "home", "blocks": [{"type": "section", "text": words}]}

    web = client(lenient)
    made = (await web.views_publish(user_id="U0ADA", view=home("old")))["view"]
    await web.views_update(view_id=made["id"], hash=made["hash"], view=home("new"))
    shown = lenient.views.home("ada")
    assert shown is not None
    assert shown.text == "new"
    again = web.views_update(view_id=made["id"], hash=made["hash"], view=home("newer"))
    assert await refusal(again) == "hash_conflict"
    assert await refusal(web.views_update(view_id="V1", view=home("x"))) == "not_found"


async def test_shortcut_brings_its_message(lenient: FakeSlack) -> None:
    message = lenient.say("support", "grace", "It says E42")
    chosen = lenient.requests.shortcut(message, "ask", "ada").payload
    assert (chosen["type"], chosen["user"]["id"]) == ("message_action", "U0ADA")
    assert (chosen["message"]["user"], chosen["message"]["text"]) == ("U0GRACE", "It says E42")


@pytest.mark.parametrize(
    "prompts", [None, [], [PROMPT] * 5, [{"title": "Export"}], [{"message": "How?"}], ["How?"]]
)
async def test_prompts_that_slack_would_not_take_are_noted(
    lenient: FakeSlack, prompts: Any
) -> None:
    channel = lenient.direct("ada", "hi").channel
    arguments = {"channel_id": channel, "prompts": prompts}
    call = client(lenient).api_call("assistant.threads.setSuggestedPrompts", json=arguments)
    assert await refusal(call) == "invalid_arguments"
    assert lenient.violations


async def test_prompts_and_titles_are_kept_by_place(lenient: FakeSlack) -> None:
    thread = lenient.tab.start_thread("ada")
    web = client(lenient)
    await web.assistant_threads_setSuggestedPrompts(channel_id=thread.channel, prompts=[PROMPT])
    await web.assistant_threads_setTitle(
        channel_id=thread.channel, thread_ts=thread.ts, title="Exports"
    )
    assert lenient.tab.prompts == {thread.channel: [PROMPT]}
    assert lenient.tab.titles == {f"{thread.channel}:{thread.ts}": "Exports"}
    nowhere = web.assistant_threads_setTitle(channel_id=thread.channel, thread_ts="1.0", title="x")
    assert await refusal(nowhere) == "thread_not_found"
    in_public = web.assistant_threads_setSuggestedPrompts(channel_id="C0SUPPORT", prompts=[PROMPT])
    assert await refusal(in_public) == "channel_not_found"


async def test_user_group_has_its_members(lenient: FakeSlack) -> None:
    group = lenient.groups.add("oncall", "ada", "grace")
    answer = await client(lenient).usergroups_users_list(usergroup=group.id)
    assert answer["users"] == ["U0ADA", "U0GRACE"]
    unknown = client(lenient).usergroups_users_list(usergroup="S0GONE")
    assert await refusal(unknown) == "no_such_subteam"


async def test_call_without_its_scope_is_refused(lenient: FakeSlack) -> None:
    lenient.scopes.granted = frozenset({"channels:history"})
    lenient.add_channel("secret", kind="group")
    web = client(lenient)
    answer = await web.conversations_history(channel="C0SUPPORT")
    assert answer.headers["x-oauth-scopes"] == "channels:history"
    assert await refusal(web.conversations_history(channel="C0SECRET")) == "missing_scope"
    posting = web.chat_postMessage(channel="C0SUPPORT", text="hi")
    assert await refusal(posting) == "missing_scope"


async def test_what_is_lost_is_lost(lenient: FakeSlack) -> None:
    question = lenient.mention("support", "ada", "hi")
    lenient.lose.user("ada")
    assert await refusal(client(lenient).users_info(user="U0ADA")) == "user_not_found"
    lenient.lose.bot("support")
    posting = client(lenient).chat_postMessage(channel=question.channel, text="hi")
    assert await refusal(posting) == "not_in_channel"
    lenient.lose.channel("support")
    posting = client(lenient).chat_postMessage(channel=question.channel, text="hi")
    assert await refusal(posting) == "channel_not_found"


async def test_events_can_come_backwards(lenient: FakeSlack) -> None:
    with lenient.order.backwards():
        for text in ("one", "two", "three"):
            lenient.say("support", "ada", text)
        assert lenient.deliveries == []
    texts = [delivery.payload["event"]["text"] for delivery in lenient.deliveries]
    assert texts == ["three", "two", "one"]


async def test_app_hears_what_it_subscribes_to() -> None:
    subscribed = {"app_mention", "message.groups", "message.im", "reaction_added"}
    async with FakeSlack(strict=False, events=subscribed) as slack:
        slack.add_channel("secret", kind="group")
        asked = slack.mention("support", "ada", "Hello")
        slack.say("secret", "ada", "Hello")
        slack.direct("ada", "Hello")
        slack.edit(asked, "Hello, hello")
        slack.reactions.add(asked, "eyes", "ada")
        slack.reactions.remove(asked, "eyes", "ada")
        heard = [one.payload["event"] for one in slack.deliveries]
    kinds = [(event["type"], event.get("channel_type")) for event in heard]
    assert kinds == [
        ("app_mention", None),
        ("message", "group"),
        ("message", "im"),
        ("reaction_added", None),
    ]
