"""Files of messages: named when a message is understood, fetched later, and from Slack alone.

https://docs.slack.dev/reference/objects/file-object
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError

from supportbot.channels.slack.failures import error_code, translated
from supportbot.channels.slack.identity import Identity
from supportbot.channels.slack.web import SlackWeb
from supportbot.errors import FileUnavailable, SendError
from supportbot.model.file import FileReason
from supportbot.model.inbound import Attached, Referred

Payload = Mapping[str, Any]

#: Where Slack keeps files; tests have them where the Web API is.
_HOSTS = frozenset({"files.slack.com", "files.slack-gov.com"})
_HTML = "text/html"
_GONE = frozenset({"file_not_found", "file_deleted"})
_NOT_OURS = frozenset({"access_denied"})
_OK, _NOT_FOUND, _NO_MORE = 200, 404, 410
_SIGN_IN = "Slack wants a sign-in for it; does the app have the scope files:read?"
_REFUSALS = frozenset({301, 302, 303, 307, 308, 401, 403})


def referred(event: Payload, own: Identity) -> tuple[Referred, ...]:
    """Name the files of a message. Pure."""
    files = event.get("files")
    found = files if isinstance(files, list) else ()
    return tuple(_referred(file, own) for file in found if isinstance(file, dict))


def taken_out(before: Payload, message: Payload) -> tuple[str, ...]:
    """Return the ids of files that a message had and has no more. Pure."""
    return tuple(sorted(_ids(before) - _ids(message)))


def _ids(message: Payload) -> set[str]:
    files = message.get("files")
    return {
        str(file["id"])
        for file in (files if isinstance(files, list) else ())
        if isinstance(file, dict) and file.get("id") and file.get("mode") != "tombstone"
    }


def _referred(file: Payload, own: Identity) -> Referred:
    size, url = file.get("size"), _address(file)
    return Referred(
        filename=_name(file) or "unnamed",
        content_type=_text(file, "mimetype"),
        size_bytes=size if isinstance(size, int) and 0 <= size < 2**62 else 0,
        ref={**own.target(), "id": str(file.get("id") or ""), **_expected(file)}
        | ({"url": url} if url else {}),
        reason=_never(file),
    )


def _expected(file: Payload) -> Mapping[str, str]:
    """Return what its bytes are compared with when they come."""
    return {"type": _text(file, "mimetype"), "size": str(file.get("size"))}


def _address(file: Payload) -> str:
    return _text(file, "url_private_download") or _text(file, "url_private")


def _name(file: Payload) -> str:
    return _text(file, "name") or _text(file, "title")


def _never(file: Payload) -> FileReason | None:
    """Say why a file can never be fetched, where that is known."""
    mode, access = file.get("mode"), file.get("file_access")
    if mode == "tombstone" or access == "file_not_found":
        return FileReason.GONE
    if mode == "external" or file.get("is_external"):
        return FileReason.ELSEWHERE
    return FileReason.REFUSED if mode == "hidden_by_limit" or access in _NOT_OURS else None


def _text(file: Payload, name: str) -> str:
    value = file.get(name)
    return value if isinstance(value, str) else ""


async def fetch(web: SlackWeb, api_url: str, ref: Mapping[str, str], most_bytes: int) -> Attached:
    """Return a file; our token goes to Slack's own hosts only, wherever it is led.

    Raises:
        FileUnavailable: refused, gone, too large, or not to be had now.
    """
    try:
        url, told = ref.get("url", ""), dict[str, Any]()
        if not url:
            told = await _found(web, ref.get("id", ""))
            url, ref = _address(told), {**ref, **_expected(told)}
        if not _is_slacks(url, api_url):
            raise _refused("its address is none of Slack's")
        async with web.get(url) as answer:
            body = await _taken(answer, ref, most_bytes)
        return Attached(_name(told), _text(told, "mimetype"), body)
    except SendError as error:
        reason = FileReason.REFUSED if error.permanent else FileReason.UNAVAILABLE
        raise FileUnavailable(reason, str(error), permanent=error.permanent) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise _unavailable(f"Slack broke off ({type(error).__name__})") from error


async def _found(web: SlackWeb, number: str) -> dict[str, Any]:
    """Ask what a file is; of one from another company its message tells only the number."""
    with translated("find a file", may_repeat=True):
        try:
            answer = await web.client().files_info(file=number)
        except SlackApiError as error:
            if error_code(error) in _GONE:
                raise FileUnavailable(FileReason.GONE, "it was deleted", permanent=True) from error
            raise
    file = answer.get("file") or {}
    reason = _never(file)
    if reason is not None:
        raise FileUnavailable(reason, "it is not kept there for us", permanent=True)
    return dict(file)


def _is_slacks(url: str, api_url: str) -> bool:
    try:
        there, api = urlsplit(url), urlsplit(api_url)
        at_slack = there.scheme == "https" and there.port is None and there.hostname in _HOSTS
    except ValueError:
        return False
    return at_slack or (there.scheme, there.netloc) == (api.scheme, api.netloc)


async def _taken(answer: aiohttp.ClientResponse, ref: Mapping[str, str], most_bytes: int) -> bytes:
    _check(answer, ref.get("type", ""), most_bytes)
    body = await _body(answer, most_bytes)
    if answer.content_type == _HTML and str(len(body)) != ref.get("size"):
        raise _refused(_SIGN_IN)  # a page, but not the one that was shared
    return body


def _check(answer: aiohttp.ClientResponse, kind: str, most_bytes: int) -> None:
    status = answer.status
    if status in _REFUSALS:
        raise _refused(_SIGN_IN)
    if status in {_NOT_FOUND, _NO_MORE}:
        raise FileUnavailable(FileReason.GONE, f"HTTP {status}", permanent=True)
    if status != _OK:
        raise _unavailable(f"HTTP {status}")
    if answer.content_type == _HTML and not kind.startswith(_HTML):
        raise _refused(_SIGN_IN)
    if (answer.content_length or 0) > most_bytes:
        raise FileUnavailable(FileReason.TOO_LARGE, "it is too large", permanent=True)


async def _body(answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > most_bytes:
            raise FileUnavailable(FileReason.TOO_LARGE, "it is too large", permanent=True)
    return bytes(body)


def _refused(said: str) -> FileUnavailable:
    return FileUnavailable(FileReason.REFUSED, said, permanent=True)


def _unavailable(said: str) -> FileUnavailable:
    return FileUnavailable(FileReason.UNAVAILABLE, said, permanent=False)
