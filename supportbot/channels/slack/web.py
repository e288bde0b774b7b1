"""One connection pool to Slack's Web API, and each workspace's clients on it."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.client import SlackClient, TokenSource
from supportbot.channels.slack.config import SlackConfig
from supportbot.channels.slack.logs import vendor_logger
from supportbot.errors import SendError

_MAX_WAIT_IN_PLACE_SECONDS = 5
#: For bodies of any length.
_UNBOUNDED = aiohttp.ClientTimeout(total=None, sock_connect=10)


class PatientOnce(AsyncRateLimitErrorRetryHandler):
    """Waits out a short `Retry-After` once; a long one is the delivery's to wait for."""

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if not await super()._can_retry_async(
            state=state, request=request, response=response, error=error
        ):
            return False
        headers = response.headers if response is not None else {}
        waits = [value for name, value in headers.items() if name.lower() == "retry-after"]
        shown = str(waits[0][0] if isinstance(waits[0], list) else waits[0]) if waits else "1"
        return shown.isdigit() and int(shown) <= _MAX_WAIT_IN_PLACE_SECONDS


class WebSession:
    """Opens the connection pool on first use and keeps it until `aclose`; call it in a loop.

    There is no retry after a broken connection: it could post a message twice.
    """

    def __init__(self, config: SlackConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def reopen(self) -> None:
        """Allow use again after `aclose`."""
        self._closed = False

    def opened(self) -> aiohttp.ClientSession:
        """Return the pool.

        Raises:
            SendError: the channel has been stopped.
        """
        if self._closed:
            raise SendError("the Slack channel has been stopped", permanent=False)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(
                    total=self._config.request_timeout_seconds, sock_connect=10
                )
            )
        return self._session

    def plain(self) -> AsyncWebClient:
        """Return a client without a token: each call names its own, or needs none."""
        return self._direct(AsyncWebClient(**self._common()))

    def client(self, tokens: TokenSource) -> AsyncWebClient:
        """Return a client that makes its calls with these tokens."""
        return self._direct(SlackClient(tokens, **self._common()))

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy that the environment names for an address."""
        return None if goes_direct(url) else self.plain().proxy

    async def aclose(self) -> None:
        """Close the pool; later use is refused."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _common(self) -> dict[str, Any]:
        return {
            "base_url": self._config.api_url,
            "session": self.opened(),
            "logger": vendor_logger(),
            "retry_handlers": [PatientOnce(max_retry_count=1)],
        }

    def _direct(self, client: AsyncWebClient) -> AsyncWebClient:
        if goes_direct(self._config.api_url):
            client.proxy = None
        return client


class SlackWeb:
    """The Web API as our bot in one workspace calls it."""

    def __init__(self, session: WebSession, tokens: TokenSource) -> None:
        self._session = session
        self._tokens = tokens
        #: The clients and the pool that they are on.
        self._made: tuple[aiohttp.ClientSession, AsyncWebClient, AsyncWebClient] | None = None

    def client(self) -> AsyncWebClient:
        """Return a client on the shared pool.

        Raises:
            SendError: the channel has been stopped.
        """
        return self._clients()[0]

    def quick(self) -> AsyncWebClient:
        """Return a client that does not wait out `Retry-After`; as `client` otherwise."""
        return self._clients()[1]

    async def respond(self, response_url: str, text: str) -> None:
        """Answer an interaction in the sight of its person only.

        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses

        Raises:
            aiohttp.ClientError: Slack did not take it.
        """
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        pool, proxy = self._session.opened(), self._session.proxy_for(response_url)
        async with pool.post(response_url, json=body, proxy=proxy) as answer:
            answer.raise_for_status()

    @asynccontextmanager
    async def get(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for something of Slack's with our token; where it leads elsewhere, we do not follow.

        The caller bounds the time, and knows the address for one of Slack's.

        Raises:
            SendError: there is no token, or the channel has been stopped.
            aiohttp.ClientError: the connection failed.
        """
        headers = {"Authorization": f"Bearer {await self._tokens.token()}"}
        pool, proxy = self._session.opened(), self._session.proxy_for(url)
        async with pool.get(
            url, headers=headers, allow_redirects=False, proxy=proxy, timeout=_UNBOUNDED
        ) as answer:
            yield answer

    def _clients(self) -> tuple[AsyncWebClient, AsyncWebClient]:
        pool = self._session.opened()
        if self._made is None or self._made[0] is not pool:
            quick = self._session.client(self._tokens)
            quick.retry_handlers = []
            self._made = (pool, self._session.client(self._tokens), quick)
        return self._made[1:]


def goes_direct(url: str) -> bool:
    """Tell whether proxies of the environment are not for this address.

    The SDK reads HTTPS_PROXY but neither NO_PROXY nor does it spare loopback addresses.
    """
    host = urlsplit(url).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return loopback or bool(proxy_bypass(host))
