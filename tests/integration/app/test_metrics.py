"""`/metrics`: how much waits, cheap to ask and never an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from supportbot.app import application, running
from supportbot.app.metrics import METRICS
from supportbot.app.watching_page import render_watching_page

_UNSENT = ("pending", "sending", "live")


async def scraped(house: Any) -> dict[str, float]:
    """Return the values by `name` or `name{label value}`."""
    transport = httpx2.ASGITransport(app=application(house))
    async with httpx2.AsyncClient(transport=transport, base_url="http://bot") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            label = "".join(f"{{{value}}}" for value in sample.labels.values())
            found[f"{sample.name}{label}"] = sample.value
    return found


async def test_every_number_of_the_list_is_there(settings_of: Any, store_url: str) -> None:
    async with running(settings_of(store_url)) as house:
        found = await scraped(house)
    names = {name.partition("{")[0] for name in found}
    empty = {
        "supportbot_completions_last_hour",
        "supportbot_model_usable",  # kb-extractive has no breaker
    }
    assert {metric.name for metric in METRICS} - names == empty  # nothing was said yet
    assert found["supportbot_up"] == 1
    assert found["supportbot_channel_connected{web:chat}"] == 1
    assert found["supportbot_violations{answer}"] == 0
    unsent = {state: found[f"supportbot_deliveries_unsent{{{state}}}"] for state in _UNSENT}
    assert unsent == dict.fromkeys(_UNSENT, 0)
    assert found["process_resident_memory_bytes"] > 0


async def test_what_waits_is_counted_with_its_age(settings_of: Any, postgresql_url: str) -> None:
    async with running(settings_of(postgresql_url), ["email"]) as house:
        async with house.wiring.db.writing() as work:
            await house.wiring.dispatcher.wake(work, 7, 1)
            await house.wiring.dispatcher.wake(work, 8, 1, delay_seconds=60)
            await work.connection.execute(
                text("UPDATE procrastinate_events SET at = at - interval '90 seconds'")
            )
        found = await scraped(house)
    assert found["supportbot_jobs_runnable"] == 1
    assert 90 <= found["supportbot_oldest_runnable_job_seconds"] < 120
    assert found["supportbot_dead_letters"] == 0
    assert found["supportbot_workers"] == 0


async def test_a_database_that_is_away_is_a_number_too(
    settings_of: Any, postgresql_url: str
) -> None:
    async with running(settings_of(postgresql_url), ["web"]) as house:
        async with house.wiring.db.writing() as work:
            await work.connection.execute(text("ALTER TABLE ticket RENAME TO elsewhere"))
        found = await scraped(house)
    assert found["supportbot_up"] == 0
    assert "supportbot_tickets_owed" not in found
    assert found["supportbot_channel_connected{web:chat}"] == 1


def test_the_page_of_metrics_equals_the_code() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "watching.md"
    assert page.read_text(encoding="utf-8") == render_watching_page(), "run `make docs`"
