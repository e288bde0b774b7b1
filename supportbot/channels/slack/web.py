"""One pooled HTTP session to Slack's Web API, and the client on it."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from slack_sdk.web.async_client import AsyncWebClient

from supportbot.channels.slack.config import SlackConfig
from supportbot.channels.slack.logs import vendor_logger
from supportbot.errors import SendError

_MAX_WAIT_IN_PLACE_SECONDS = 5


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


class SlackWeb:
    """Opens the session on first use and keeps it until `aclose`.

    There is no retry after a broken connection: it could post a message twice.
    """

    def __init__(self, config: SlackConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None
        self._usual: AsyncWebClient | None = None
        self._quick: AsyncWebClient | None = None
        self._closed = False

    def reopen(self) -> None:
        """Allow use again after `aclose`."""
        self._closed = False

    def client(self, *, with_token: bool = True) -> AsyncWebClient:
        """Return a client on the shared session; call inside a running loop.

        Raises:
            SendError: the channel has been stopped.
        """
        session = self._opened()
        if not with_token:
            return self._made(session, with_token=False)
        if self._usual is None:
            self._usual = self._made(session, with_token=True)
        return self._usual

    def quick(self) -> AsyncWebClient:
        """Return a client that does not wait out `Retry-After`; as `client` otherwise."""
        if self._quick is None:
            self._quick = self._made(self._opened(), with_token=True)
            self._quick.retry_handlers = []
        return self._quick

    async def respond(self, response_url: str, text: str) -> None:
        """Answer an interaction in the sight of its person only.

        https://docs.slack.dev/interactivity/handling-user-interaction#message_responses

        Raises:
            aiohttp.ClientError: Slack did not take it.
        """
        body = {"response_type": "ephemeral", "replace_original": False, "text": text}
        proxy = None if goes_direct(response_url) else self.client().proxy
        async with self._opened().post(response_url, json=body, proxy=proxy) as answer:
            answer.raise_for_status()

    async def aclose(self) -> None:
        """Close the session; later use is refused."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = self._usual = self._quick = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise SendError("the Slack channel has been stopped", permanent=False)
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(
                    total=self._config.request_timeout_seconds, sock_connect=10
                )
            )
        return self._session

    def _made(self, session: aiohttp.ClientSession, *, with_token: bool) -> AsyncWebClient:
        client = AsyncWebClient(
            token=self._config.bot_token if with_token else None,
            base_url=self._config.api_url,
            session=session,
            logger=vendor_logger(),
            retry_handlers=[PatientOnce(max_retry_count=1)],
        )
        if goes_direct(self._config.api_url):
            client.proxy = None
        return client


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
