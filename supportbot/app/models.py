"""The settings of models as the completers understand them. Pure."""

from __future__ import annotations

from dataclasses import replace

from pydantic import SecretStr

from supportbot.completions.choice import Load, ModelAt, ModelChoice
from supportbot.completions.prices import PRICES, Price, PriceTable
from supportbot.settings.models import LargerModel, ModelSettings


def model_choice(model: ModelSettings) -> ModelChoice:
    """Return what `completions.registry.build_completer` builds a completer of."""
    return ModelChoice(
        name=model.chosen,
        base_url=model.base_url,
        api_key=_plain(model.api_key),
        system_role=model.system_role,
        max_output_tokens=model.max_output_tokens,
        attempts=model.attempts,
        fallbacks=tuple(
            ModelAt(other.name, other.base_url, _plain(other.api_key), sees=other.vision)
            for other in model.fallbacks
        ),
        larger=_larger(model.larger),
        quotes=model.extractive_fallback,
        load=Load(**model.load.model_dump()),
        prices=price_table(model),
        sees=model.vision,
    )


def cheaper_choice(model: ModelSettings) -> ModelChoice | None:
    """Return what the model for days when money is short is built of; None: there is none."""
    cheaper = model.cheaper
    if cheaper.name is None or model.chosen is None:
        return None
    elsewhere = cheaper.base_url is not None and cheaper.base_url != model.base_url
    own_key = _plain(cheaper.api_key)
    return replace(
        model_choice(model),
        name=cheaper.name,
        base_url=cheaper.base_url or model.base_url,
        api_key=own_key if elsewhere else own_key or _plain(model.api_key),
        fallbacks=(),
        larger=None,
        sees=cheaper.vision,
    )


def price_table(model: ModelSettings) -> PriceTable:
    """Return the built-in prices with those of the settings; the version says which."""
    given = model.prices.items()
    return PRICES.changed({name: Price(**price.model_dump()) for name, price in given})


def _larger(model: LargerModel) -> ModelAt | None:
    if model.name is None:
        return None
    key = _plain(model.api_key)
    return ModelAt(model.name, model.base_url, key, model.context_tokens, sees=model.vision)


def _plain(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
