"""The models that answer, what they cost, and how much is asked of them at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from supportbot.settings.kinds import DollarsPerMillion, HttpUrl, Seconds, Tokens, VariableName
from supportbot.settings.section import Section

#: The model asked when there is a key and nobody named a model. Model ids age fast: change it here.
DEFAULT_MODEL = "gpt-5.4-mini"


class FallbackModel(Section):
    """A model that is asked when those before it fail."""

    name: str = Field(min_length=1, description="Model to ask.")
    base_url: HttpUrl | None = Field(
        default=None, description="Its endpoint; empty: that of [model], with the same key."
    )
    api_key_env: VariableName | None = Field(
        default=None,
        description="Name of the variable with its key; empty: none is sent to another endpoint.",
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="Filled from the variable that api_key_env names, never from the file.",
    )
    vision: bool = Field(default=False, description="It can be shown pictures.")


class LargerModel(Section):
    """A model with a larger window, asked when a prompt was too long for the others."""

    name: str | None = Field(
        default=None, min_length=1, description="Model to ask when a prompt was too long."
    )
    base_url: HttpUrl | None = Field(
        default=None, description="Its endpoint; empty: that of [model], with the same key."
    )
    api_key: SecretStr | None = Field(default=None, description="Key of its own endpoint.")
    context_tokens: Tokens | None = Field(
        default=None, ge=2000, description="What a request to it may hold; empty: not known."
    )
    vision: bool = Field(default=False, description="It can be shown pictures.")


class LoadSettings(Section):
    """How much one process asks of models at once. Two processes know nothing of each other."""

    starts: int = Field(
        default=100, ge=1, le=100_000, description="Calls that connect and send at the same time."
    )
    queued: int = Field(
        default=1000,
        ge=0,
        le=1_000_000,
        description="Calls that may wait; further ones fail as overloaded.",
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Requests of each key; empty: no limit of ours.",
    )
    tokens_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="Tokens of each key, the longest answer counted in advance; "
        "empty: no limit of ours.",
    )
    silence_seconds: Seconds = Field(
        default=40,
        gt=0,
        description="Longest wait for the first piece of an answer, and between two; "
        "then the call failed.",
    )


class ModelPrice(Section):
    """What a model costs, in US dollars per million tokens."""

    input: DollarsPerMillion = Field(description="Prompt.")
    output: DollarsPerMillion = Field(description="Answer, reasoning included.")
    cached_input: DollarsPerMillion | None = Field(
        default=None,
        description="Prompt found in the vendor's cache; empty: as input.",
    )
    cache_write: DollarsPerMillion | None = Field(
        default=None,
        description="Prompt put into that cache; empty: as input.",
    )


class CheaperModel(Section):
    """A cheaper model, asked instead when a budget is nearly spent."""

    name: str | None = Field(
        default=None, min_length=1, description="Model to ask when a budget is nearly spent."
    )
    base_url: HttpUrl | None = Field(
        default=None, description="Its endpoint; else that of [model], with the same key."
    )
    api_key: SecretStr | None = Field(default=None, description="Key of its own endpoint.")
    vision: bool = Field(default=False, description="It can be shown pictures.")


class ModelSettings(Section):
    """The model that answers. Without key and base URL the embedded kb-extractive answers."""

    name: str | None = Field(
        default=None, min_length=1, description=f"Model to ask; with a key alone {DEFAULT_MODEL}."
    )
    base_url: HttpUrl | None = Field(
        default=None,
        description="Any endpoint with the OpenAI chat completions API; "
        "used without a key it needs a name.",
        json_schema_extra={"env": "OPENAI_BASE_URL"},
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="Key of the endpoint.",
        json_schema_extra={"env": "OPENAI_API_KEY"},
    )
    system_role: Literal["system", "developer"] = Field(
        default="system", description="Role of the message that carries the policy."
    )
    vision: bool = Field(
        default=False,
        description="It can be shown pictures that customers send; else they are only named to it.",
    )
    max_output_tokens: Tokens = Field(default=1000, ge=1, description="Longest answer.")
    context_tokens: Tokens = Field(
        default=16_000, ge=2000, description="What a request may hold, the answer included."
    )
    history_tokens: Tokens = Field(
        default=800,
        ge=0,
        description="A thread with more history than this is summarised, by one call of the model "
        "in ten turns, after an answer; 0: never.",
    )
    turn_seconds: Seconds = Field(
        default=60,
        gt=0,
        description="Deadline of one answer, all attempts and tool calls included.",
    )
    attempts: int = Field(
        default=3, ge=1, le=10, description="Tries of one model call in that time."
    )
    extractive_fallback: bool = Field(
        default=True,
        description="Where no model answers, kb-extractive quotes the passages that were found.",
    )
    prices: Mapping[str, ModelPrice] = Field(
        default_factory=dict,
        description="Prices added to the built-in ones, in US dollars per million tokens: "
        '`[model.prices."name"]` with `input = 0.25`, `output = 2.0`; '
        "where they differ `cached_input = 0.025`, `cache_write = 0.3125`.",
    )
    cheaper: CheaperModel = Field(
        default_factory=CheaperModel,
        description="A cheaper model, asked when a budget is nearly spent.",
    )
    fallbacks: tuple[FallbackModel, ...] = Field(
        default=(), description="Models asked in this order when the first one fails."
    )
    larger: LargerModel = Field(
        default_factory=LargerModel,
        description="A model asked when a prompt was too long for the others.",
    )
    load: LoadSettings = Field(
        default_factory=LoadSettings, description="How much is asked at once."
    )

    @model_validator(mode="after")
    def _named_where_needed(self) -> ModelSettings:
        if self.base_url and not self.api_key and not self.name:
            raise ValueError("base_url without a key needs a name: set SUPPORTBOT_MODEL_NAME")
        if self.max_output_tokens * 2 > self.context_tokens:
            raise ValueError("max_output_tokens may be at most half of context_tokens")
        return self

    @property
    def chosen(self) -> str | None:
        """The model to ask over the wire; None: neither key nor base URL, kb-extractive answers."""
        if self.api_key is None and self.base_url is None:
            return None
        return self.name or DEFAULT_MODEL
