"""Settings that change what happens, seen through the wired house."""

from __future__ import annotations

from pathlib import Path

from supportbot.app import running
from supportbot.cli.ask import ask_once
from supportbot.cli.init import write_starter
from supportbot.settings.load import load
from supportbot.testing.fake_model import FakeModel
from supportbot.testing.fake_slack import FakeSlack


def _folder(tmp_path: Path, toml: str) -> Path:
    write_starter(tmp_path / "bot")
    (tmp_path / "bot" / "supportbot.toml").write_text(toml, encoding="utf-8")
    return tmp_path / "bot"


async def test_model_attempts_bound_the_calls_of_a_failing_model(tmp_path: Path) -> None:
    asked: list[object] = []

    def broken(request: object) -> str:
        asked.append(request)
        raise RuntimeError("the model is down")  # aiohttp answers 500

    folder = _folder(tmp_path, "[model]\nattempts = 2\nextractive_fallback = false\n")
    async with FakeModel(broken) as model:
        environ = {"OPENAI_BASE_URL": model.url, "SUPPORTBOT_MODEL_NAME": "test"}
        answered = await ask_once(load(folder, environ), "hosting", "How do I restore a backup?")
    assert (len(asked), answered.outcome) == (2, "handed_off")


async def test_what_an_operator_writes_in_a_customers_thread_takes_the_ticket_over(
    tmp_path: Path,
) -> None:
    folder = _folder(tmp_path, '[slack]\ndefault_product = "hosting"\noperators = ["U0GRACE"]\n')
    async with FakeSlack() as slack:
        environ = {
            "SLACK_API_URL": slack.url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
        }
        async with running(load(folder, environ)) as house:
            await slack.connected()
            question = slack.mention("support", "ada", "How do I restore a backup?")
            await slack.settled(timeout_seconds=30)
            slack.say("support", "grace", "I will look into it.", thread=question)
            await slack.settled(timeout_seconds=30)
            async with house.wiring.db.reading() as work:
                rows = await work.connection.exec_driver_sql("SELECT handler FROM ticket")
                assert [row.handler for row in rows] == ["human"]
