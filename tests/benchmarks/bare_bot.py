"""The bare script that supportbot is measured against: a mention is asked and answered.

Written as the first pages of both SDKs show it; it stores nothing, checks nothing and forgets all.
"""

from __future__ import annotations

import os
from typing import Any

from aiohttp import web
from openai import AsyncOpenAI
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


def build(model: AsyncOpenAI) -> AsyncApp:
    """Make the app: the listener runs after Bolt has acknowledged the event."""
    app = AsyncApp(
        client=AsyncWebClient(
            token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]
        ),
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
    )

    @app.event("app_mention")
    async def answer(event: dict[str, Any], client: AsyncWebClient) -> None:
        stream = await model.chat.completions.create(
            model="bench",
            stream=True,
            messages=[
                {"role": "system", "content": "You support Brightfield Hosting."},
                {"role": "user", "content": event["text"]},
            ],
        )
        said = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        await client.chat_postMessage(
            channel=event["channel"], thread_ts=event["ts"], text="".join(said)
        )

    return app


async def web_app() -> web.Application:
    """Make what serves `/slack/events`, inside the running loop."""
    return build(AsyncOpenAI()).web_app()


if __name__ == "__main__":
    web.run_app(
        web_app(), host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, print=None
    )
