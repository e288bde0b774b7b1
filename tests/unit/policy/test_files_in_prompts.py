"""Files of messages in a prompt: behind their message, as data, within the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from supportbot.model.completion import Prompt
from supportbot.model.fence import FILE, QUESTION, Fenced, unfence
from supportbot.model.file import FileReason, Image, SharedFile
from supportbot.model.message import Message, Role
from supportbot.model.policy import CompiledPolicy
from supportbot.model.ticket import Actor, ActorKind
from supportbot.policy.compose import Fencing, Window, compose

MakeMessage = Callable[..., Message]

FENCING = Fencing("0123456789abcdef", {})
LOG = SharedFile("error.log", "text/plain", text="boom in line 7")
IMAGE = Image("shot.png", "image/png", b"PNG", tokens=500)
SHOT = SharedFile("shot.png", "image/png", image=IMAGE)


def words(text: str) -> int:
    return len(text.split())


WIDE = Window(100_000, words)


def blocks(prompt: Prompt, at: int = -1) -> list[Fenced]:
    return list(unfence(prompt.messages[at].content))


@pytest.fixture
def policy(make_policy: Callable[..., CompiledPolicy]) -> CompiledPolicy:
    return make_policy()


def test_file_stands_behind_its_message(policy: CompiledPolicy, make_message: MakeMessage) -> None:
    thread = [make_message(1, "it fails"), make_message(2, "help")]
    files = {1: (LOG, SHOT)}
    prompt = compose(policy, thread, [], fencing=FENCING, window=WIDE, files=files)
    assert blocks(prompt) == [
        Fenced(QUESTION, {}, "it fails"),
        Fenced(QUESTION, {}, "help"),
        Fenced(FILE, {"name": "error.log", "type": "text/plain"}, "boom in line 7"),
        Fenced(
            FILE,
            {
                "name": "shot.png",
                "type": "image/png",
                "note": "a picture, shown with this message",
            },
            "",
        ),
    ]
    assert prompt.messages[-1].images == (IMAGE,)


@pytest.mark.parametrize("reason", list(FileReason))
def test_model_is_told_why_a_file_is_not_there(
    policy: CompiledPolicy, make_message: MakeMessage, reason: FileReason
) -> None:
    files = {1: (SharedFile("a.zip", "application/zip", reason=reason),)}
    prompt = compose(policy, [make_message(1, "hi")], [], fencing=FENCING, window=WIDE, files=files)
    (_, told) = blocks(prompt)
    assert told.facts["note"]
    assert told.text == ""


def test_next_turn_keeps_a_file_where_it_was(
    policy: CompiledPolicy, make_message: MakeMessage
) -> None:
    thread = [make_message(1, "it fails")]
    files = {1: (LOG, SHOT)}
    first = compose(policy, thread, [], fencing=FENCING, window=WIDE, files=files)
    thread += [make_message(2, "Try again.", role=Role.ASSISTANT), make_message(3, "how?")]
    second = compose(policy, thread, [], fencing=FENCING, window=WIDE, files=files)
    assert second.messages[:2] == first.messages


def test_long_file_is_cut_before_the_words_of_its_message(
    policy: CompiledPolicy, make_message: MakeMessage
) -> None:
    long = replace(LOG, text="word " * 50_000)
    thread = [make_message(1, "what does it say? " * 50)]
    window = Window(2_000, words)
    prompt = compose(
        policy, thread, [], fencing=FENCING, window=window, files={1: (long, long, LOG)}
    )
    question, *files = blocks(prompt)
    assert question.text == thread[0].text
    assert [file.facts["name"] for file in files] == ["error.log"] * 3
    assert "characters left out" in files[0].text
    assert files[2].text == LOG.text
    assert sum(words(message.content) for message in prompt.messages) < 2_000


def test_pictures_count_in_the_budget(policy: CompiledPolicy, make_message: MakeMessage) -> None:
    thread: list[Message] = []
    files = {}
    for turn in range(6):
        thread += [
            make_message(2 * turn + 1, f"question {turn}"),
            make_message(2 * turn + 2, "answer", role=Role.ASSISTANT),
        ]
        files[2 * turn + 1] = (replace(SHOT, filename=f"{turn}.png"),)
    thread.append(make_message(20, "and now?"))
    prompt = compose(policy, thread, [], fencing=FENCING, window=Window(2_000, words), files=files)
    shown = [image for message in prompt.messages for image in message.images]
    assert 0 < len(shown) < 4


def test_sender_of_a_file_is_told_where_there_are_several(
    policy: CompiledPolicy, make_message: MakeMessage
) -> None:
    other = Actor(ActorKind.CUSTOMER, 2)
    thread = [make_message(1, "it fails"), make_message(2, "for me too", author=other)]
    prompt = compose(policy, thread, [], fencing=FENCING, window=WIDE, files={2: (LOG,)})
    assert blocks(prompt)[-1].facts["author"] == "customer 2"
