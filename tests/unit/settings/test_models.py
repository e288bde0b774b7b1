from __future__ import annotations

from collections.abc import Callable

import pytest

from supportbot.app.models import model_choice, price_table
from supportbot.completions.choice import ModelAt
from supportbot.completions.prices import PRICES, Price
from supportbot.settings.needs import missing_secrets
from supportbot.settings.tree import Settings

Load = Callable[..., Settings]
Problems = Callable[..., list[str]]

OTHERS = """
[[model.fallbacks]]
name = "mini"

[[model.fallbacks]]
name = "open"
base_url = "https://other.example/v1"
api_key_env = "OTHER_KEY"

[model.larger]
name = "big"
context_tokens = 400000
"""


def test_models_behind_the_first_one_are_read_with_their_keys(load_text: Load) -> None:
    settings = load_text(OTHERS, OPENAI_API_KEY="k", OTHER_KEY="o")
    choice = model_choice(settings.model)
    assert choice.fallbacks == (
        ModelAt("mini"),
        ModelAt("open", "https://other.example/v1", "o"),
    )
    assert choice.larger == ModelAt("big", context_tokens=400_000)
    assert missing_secrets(settings) == ()


def test_key_of_the_larger_model_may_come_by_its_own_variable(load_text: Load) -> None:
    environ = {"OPENAI_API_KEY": "k", "OTHER_KEY": "o", "SUPPORTBOT_MODEL_LARGER_API_KEY": "b"}
    larger = model_choice(load_text(OTHERS, **environ).model).larger
    assert larger == ModelAt("big", api_key="b", context_tokens=400_000)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"OPENAI_API_KEY": "k"}, ["OTHER_KEY"]),
        ({"OTHER_KEY": "o"}, ["OPENAI_API_KEY"]),
        ({}, ["OTHER_KEY", "OPENAI_API_KEY"]),
    ],
)
def test_what_a_model_misses_is_named(
    load_text: Load, environ: dict[str, str], named: list[str]
) -> None:
    found = missing_secrets(load_text(OTHERS, **environ))
    assert [str(problem).partition(":")[0] for problem in found] == named


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[[model.fallbacks]]\nbase_url = "https://h/v1"\n', "is required"),
        ('[[model.fallbacks]]\nname = "m"\napi_key = "sk-1"\n', "in api_key_env instead"),
        ('[[model.fallbacks]]\nname = "m"\nbase_url = "h"\n', "write it as http://host"),
        ('[[model.fallbacks]]\nname = "m"\nkey_env = "K"\n', "did you mean 'api_key_env'"),
        ("[model.larger]\ncontext_tokens = 5\n", "greater than or equal to 2000"),
        ("[model.load]\nstarts = 0\n", "greater than or equal to 1"),
        ('[model.prices."m"]\ninput = 1\n', "is required"),
        ('[model.prices."m"]\ninput = -1\noutput = 1\n', "greater than or equal to 0"),
        ('[model.prices."m"]\ninput = 1\noutput = 1\ncached = 1\n', "did you mean 'cached_input'"),
    ],
)
def test_wrong_setting_is_named_with_its_cure(
    problems_of: Problems, text: str, problem: str
) -> None:
    (found,) = problems_of(text)
    assert problem in found
    assert found.startswith("supportbot.toml:")


def test_prices_of_the_file_are_added_to_the_built_in_ones(load_text: Load) -> None:
    text = '[model.prices."org/llama"]\ninput = 0.1\noutput = 0.2\ncached_input = 0.05\n'
    table = price_table(load_text(text).model)
    assert table.find("org/llama") == Price(0.1, 0.2, cached_input=0.05)
    assert table.find("gpt-5.4-mini") == PRICES.find("gpt-5.4-mini")
    assert table.version != PRICES.version
    assert price_table(load_text().model) is PRICES


def test_load_reaches_the_choice(load_text: Load) -> None:
    text = "[model.load]\nstarts = 7\nqueued = 8\ntokens_per_minute = 9\nsilence_seconds = 3\n"
    load = model_choice(load_text(text).model).load
    assert (load.starts, load.queued, load.tokens_per_minute) == (7, 8, 9)
    assert (load.requests_per_minute, load.silence_seconds) == (None, 3)


def test_quoting_can_be_switched_off(load_text: Load) -> None:
    assert model_choice(load_text().model).quotes
    assert not model_choice(load_text("[model]\nextractive_fallback = false\n").model).quotes
