"""`supportbot ask`: a question through the whole house, with a real chat completions exchange."""

from __future__ import annotations

from pathlib import Path

import pytest

from supportbot.cli.ask import Answered, ask_once
from supportbot.cli.init import write_starter
from supportbot.errors import NotFoundError
from supportbot.settings.load import load
from supportbot.testing.fake_model import FakeModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The starter folder, with one new sentence of knowledge and one of policy."""
    write_starter(tmp_path / "bot")
    article = tmp_path / "bot" / "knowledge" / "hosting-help" / "restore-backup.md"
    text = article.read_text(encoding="utf-8")
    article.write_text(text + "\n\nZebra backups are striped at noon.\n", encoding="utf-8")
    policy = tmp_path / "bot" / "policies" / "products" / "hosting.md"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text + "\nNever speak about giraffes.\n", encoding="utf-8")
    return tmp_path / "bot"


async def _ask(folder: Path, product: str, question: str, **environ: str) -> Answered:
    return await ask_once(load(folder, environ), product, question)


async def test_a_new_sentence_of_knowledge_is_quoted(folder: Path) -> None:
    answered = await _ask(folder, "hosting", "When are zebra backups striped?")
    assert "Zebra backups are striped at noon." in answered.reply
    assert (answered.model, answered.outcome) == ("kb-extractive-1", "drafted")


async def test_the_model_is_given_new_knowledge_and_new_policy(folder: Path) -> None:
    async with FakeModel(lambda _: "At noon. Restore a backup.") as model:
        environ = {"OPENAI_BASE_URL": model.url, "SUPPORTBOT_MODEL_NAME": "test"}
        answered = await _ask(folder, "hosting", "When are zebra backups striped?", **environ)
    system, *_, last = model.requests[0]["messages"]
    assert "Never speak about giraffes." in system["content"]
    assert "Zebra backups are striped at noon." in last["content"]
    assert "zebra" not in system["content"].lower()
    assert (answered.model, len(answered.policy_sha)) == ("test", 64)


async def test_a_model_that_cannot_be_reached_is_told(folder: Path) -> None:
    environ = {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "SUPPORTBOT_MODEL_NAME": "test",
        "SUPPORTBOT_MODEL_EXTRACTIVE_FALLBACK": "false",
    }
    answered = await _ask(folder, "hosting", "How do I restore a backup?", **environ)
    assert (answered.outcome, answered.reason) == ("handed_off", "error: connection")


async def test_an_unknown_product_is_named_with_those_there_are(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="'nope'; there are: hosting, retail"):
        await _ask(folder, "nope", "hi")
