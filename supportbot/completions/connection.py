"""One endpoint with one key, through the `openai` SDK: the only file that knows SDK and transport.

The SDK signs, pools (on aiohttp) and sends. Its request objects, its retries and its chunks are
not used: they would copy each prompt twice, hide minutes of waiting, and take a stream that just
ends for a whole answer. So the body is ours and the response is raw.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from socket import gaierror
from ssl import SSLError
from typing import Any

import aiohttp
import httpx2
import openai
from openai.types.chat import ChatCompletionChunk

from supportbot.completions.failures import Failure, classify, completion_error
from supportbot.completions.gate import Rates, StartGate
from supportbot.errors import CompletionError

VENDOR_URL = "https://api.openai.com/v1"
#: The header by which a vendor finds a call again.
REQUEST_ID = "x-request-id"

_PATH = "/chat/completions"
#: A compressed stream comes in lumps and costs time on both sides.
_OPTIONS: Any = {
    "security": {"bearer_auth": True},
    "headers": {"Accept-Encoding": "identity"},
}
_GATE_STARTS = 100
_QUEUED = 1000


@dataclass(frozen=True, slots=True)
class Pool:
    """How connections are kept and how long anything on them may take."""

    connections: int = 2000
    #: Quiet bots would pay a new TLS handshake for every message with the default of 5 seconds.
    keepalive_seconds: float = 60.0
    connect_seconds: float = 5.0
    #: Before the first piece of an answer, and between two.
    silence_seconds: float = 60.0
    write_seconds: float = 30.0

    def client(self) -> httpx2.AsyncClient:
        """Make a client on aiohttp; it opens nothing before its first request."""
        timeout = httpx2.Timeout(
            connect=self.connect_seconds,
            read=self.silence_seconds,
            write=self.write_seconds,
            pool=self.connect_seconds,
        )
        limits = httpx2.Limits(
            max_connections=self.connections,
            max_keepalive_connections=self.connections,
            keepalive_expiry=self.keepalive_seconds,
        )
        return openai.DefaultAioHttpClient(timeout=timeout, limits=limits)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an endpoint is and who asks."""

    api_key: str
    #: None: the vendor's own.
    base_url: str | None = None
    #: Stored as its endpoint instead of the URL.
    shown: str | None = None

    @property
    def url(self) -> str:
        """The base URL."""
        return self.base_url or VENDOR_URL

    @property
    def endpoint(self) -> str:
        """What is shown and stored: the URL without a password in it."""
        return self.shown or str(httpx2.URL(self.url).copy_with(username=None, password=None))


class Connection:
    """One long-lived client. Requests and tokens per minute are counted here, by key."""

    def __init__(
        self,
        place: Place,
        *,
        gate: StartGate | None = None,
        rates: Rates | None = None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self.endpoint = place.endpoint
        self.rates = rates or Rates(None, None, _QUEUED)
        self._gate = gate or StartGate(_GATE_STARTS, _QUEUED)
        client = http_client or Pool().client()
        self._client = openai.AsyncOpenAI(
            api_key=place.api_key,
            base_url=place.url,
            timeout=client.timeout,
            max_retries=0,
            http_client=client,
        )
        # Any: its types know a stream of chunks only, which is what we do without.
        self._send: Any = self._client.post

    @asynccontextmanager
    async def post(self, body: bytes, now: datetime) -> AsyncIterator[httpx2.Response]:
        """Send a request; hold its response open, whose pieces `aiter_bytes` gives as they come.

        Leaving the body gives the connection back, however it is left. What goes wrong in the body
        while it reads is translated too. `now` is for a `Retry-After` that is a date.

        Raises:
            Refused: see `failures` for the kinds.
        """
        request_id = None
        try:
            async with self._gate.starting():
                response: httpx2.Response = await self._send(
                    _PATH,
                    cast_to=httpx2.Response,
                    content=body,
                    options=_OPTIONS,
                    stream=True,
                    stream_cls=openai.AsyncStream[ChatCompletionChunk],
                )
            request_id = response.headers.get(REQUEST_ID)
            try:
                self.rates.learn(response.headers)
                yield response
            finally:
                await response.aclose()
        except openai.APIStatusError as error:
            self.rates.learn(error.response.headers)
            raise Refused(_refusal(error, now), error.request_id) from error
        except (openai.OpenAIError, httpx2.HTTPError, aiohttp.ClientError, OSError) as error:
            raise Refused(self._broken(error), request_id) from error

    async def aclose(self) -> None:
        """Close the client and its connections."""
        await self._client.close()

    def _broken(self, error: Exception) -> CompletionError:
        """Say what broke. Only the causes tell: the SDK's transport takes most for time-outs."""
        causes = list(_causes(error))
        if any(isinstance(cause, (gaierror, aiohttp.ClientConnectorDNSError)) for cause in causes):
            message = f"{self.endpoint} has no address."
            return completion_error("dns", message, permanent=False)
        if any(isinstance(cause, SSLError) for cause in causes):
            message = f"{self.endpoint} cannot be trusted: {causes[-1]}"
            return completion_error("tls", message, permanent=True)
        if _timed_out(causes):
            return completion_error("timeout", "The model did not answer in time.", permanent=False)
        return completion_error(
            "connection", f"The connection to {self.endpoint} broke: {causes[-1]}", permanent=False
        )


class Refused(Exception):
    """A call failed; `error` says how, the request id where the server gave one."""

    def __init__(self, error: CompletionError, request_id: str | None) -> None:
        self.error = error
        self.request_id = request_id
        super().__init__(str(error))


def encoded(body: Mapping[str, Any]) -> bytes:
    """Write a request's JSON; half a surrogate pair, which is no text, becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _refusal(error: openai.APIStatusError, now: datetime) -> CompletionError:
    failure = Failure(
        message=error.message,
        status=error.status_code,
        code=error.code,
        type=error.type,
        headers=error.response.headers,
    )
    return classify(failure, now)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _timed_out(causes: list[BaseException]) -> bool:
    ours = [cause for cause in causes if isinstance(cause, aiohttp.ClientError)]
    if ours:
        return any(isinstance(cause, TimeoutError) for cause in ours)
    return any(
        isinstance(cause, (httpx2.TimeoutException, openai.APITimeoutError, TimeoutError))
        for cause in causes
    )
