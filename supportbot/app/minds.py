"""What answers are made with: models, retriever, tools, budgets, put together from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from supportbot.app.models import cheaper_choice, model_choice
from supportbot.app.plugins import RETRIEVERS, REVIEW_RULES, load_all, load_factory
from supportbot.app.spending import spending_rules
from supportbot.completions.base import Completer
from supportbot.completions.registry import build_completers
from supportbot.completions.tokens import Calibration
from supportbot.files.reading import ReadingRules
from supportbot.model.time import Clock
from supportbot.orchestrator.answering.files import FileRules, SharedFiles
from supportbot.orchestrator.answering.mind import Mind
from supportbot.orchestrator.answering.respond import Respond, RespondRules
from supportbot.orchestrator.answering.spending import Spending
from supportbot.orchestrator.answering.summary import Summaries, SummaryRules
from supportbot.orchestrator.answering.tool_rounds import ToolRounds
from supportbot.orchestrator.wiring import Wiring
from supportbot.policy.compose import Window
from supportbot.policy.review import RULES
from supportbot.settings.tree import Settings
from supportbot.store import usage
from supportbot.store.database import Database
from supportbot.tools.toolbox import Toolbox


@dataclass(frozen=True, slots=True)
class Models:
    """The model that is asked, and the one for days when money is short."""

    main: Completer
    cheaper: Completer | None


@asynccontextmanager
async def models(settings: Settings, clock: Clock) -> AsyncIterator[Models]:
    """Build the models of the settings; closed at the end."""
    async with AsyncExitStack() as closing:
        choices = (model_choice(settings.model), cheaper_choice(settings.model))
        main, *rest = build_completers([one for one in choices if one], clock=clock)
        for completer in (main, *rest):
            closing.push_async_callback(completer.aclose)
        yield Models(main, rest[0] if rest else None)


async def calibrated(db: Database) -> Calibration:
    """Return the estimates of tokens as the models' latest reports correct them."""
    calibration = Calibration()
    async with db.reading() as work:
        for known in await usage.reported(work):
            calibration.learn(known.model, known.estimated, known.reported)
    return calibration


@dataclass(frozen=True, slots=True)
class Answering:
    """The bot's verb, and what goes on after an answer."""

    respond: Respond
    summaries: Summaries
    rounds: ToolRounds


def build_answering(
    settings: Settings, wiring: Wiring, chosen: Models, toolbox: Toolbox, calibration: Calibration
) -> Answering:
    """Put together what makes answers."""
    model = settings.model
    window = Window(
        budget_tokens=model.context_tokens - model.max_output_tokens,
        count=calibration.counter(chosen.main.model),
        max_output_tokens=model.max_output_tokens,
    )
    prices, rounds = model_choice(model).prices, ToolRounds(wiring, toolbox)
    mind = Mind(
        completer=chosen.main,
        retriever=load_factory(RETRIEVERS, settings.knowledge.retriever)(wiring.db),
        rounds=rounds,
        window=window,
        review_rules=(*RULES, *load_all(REVIEW_RULES)),
        prices=prices,
        calibration=calibration,
        files=SharedFiles(wiring, file_rules(settings)),
        cheaper=chosen.cheaper,
    )
    rules = SummaryRules(history_tokens=model.history_tokens, prices=prices)
    summaries = Summaries(wiring, chosen.cheaper or chosen.main, window, rules)
    spending = Spending(wiring.clock, spending_rules(settings))
    respond_rules = RespondRules(turn_seconds=model.turn_seconds)
    respond = Respond(wiring, mind, spending, summaries, respond_rules)
    return Answering(respond, summaries, rounds)


def file_rules(settings: Settings) -> FileRules:
    """Return how much of customers' files is looked at."""
    given, model = settings.files, settings.model
    others = [model.larger.vision, model.cheaper.vision, *(one.vision for one in model.fallbacks)]
    return FileRules(
        reading=ReadingRules(given.text_chars, given.pdf_pages),
        most_bytes=given.max_bytes,
        per_message=given.per_message,
        fetch_seconds=given.fetch_seconds,
        sees=model.vision or any(others),
        images=given.images,
        image_bytes=given.image_bytes,
    )
