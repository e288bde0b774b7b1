"""What a request must fulfil before anything is done with it.

Failures are `starlette.exceptions.HTTPException`; their detail is written for the visitor.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from supportbot.channels.web.config import MAX_BODY_BYTES, MAX_TEXT_BYTES

_TOO_LONG = f"This message is too long: at most {MAX_TEXT_BYTES // 1024} KB of text."


def check_same_origin(request: Request, public_host: str | None) -> None:
    """Refuse a request that another site made a browser send.

    A browser always tells (`Sec-Fetch-Site`, and `Origin` on every POST); a program that is no
    browser has no cookie of a visitor that could be abused.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    own = {request.headers.get("host"), public_host}
    if site not in {None, "same-origin", "none"} or (origin and urlsplit(origin).netloc not in own):
        raise HTTPException(403, "This request came from another site.")


async def read_json(request: Request) -> Mapping[str, object]:
    """Return the body, a JSON object of bounded size."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "Send JSON (content-type: application/json).")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(413, _TOO_LONG)
        found = json.loads(body)
    except (ValueError, RecursionError, ClientDisconnect) as error:
        raise HTTPException(400, "The request is not valid JSON.") from error
    if not isinstance(found, dict):
        raise HTTPException(400, "The request must be a JSON object.")
    return found


def text_of(body: Mapping[str, object]) -> str:
    """Return the `text` of a message: some, not too much, and proper Unicode."""
    text = body.get("text")
    if not isinstance(text, str) or not text.replace("\x00", "").strip():
        raise HTTPException(422, "Please write something first.")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise HTTPException(400, "The text is not valid Unicode.") from error
    if size > MAX_TEXT_BYTES:
        raise HTTPException(413, _TOO_LONG)
    return text


def client_id_of(body: Mapping[str, object]) -> str:
    """Return the `client_id`, which makes a repeated request the same one."""
    try:
        return str(uuid.UUID(str(body["client_id"])))
    except (KeyError, ValueError) as error:
        raise HTTPException(422, "client_id must be a UUID, the same for every retry.") from error


def after_of(request: Request) -> int:
    """Return the number after which messages are wanted; 0 = from the start."""
    given = request.query_params.get("after", "0")
    if not given.isascii() or not given.isdigit() or len(given) > 9:  # noqa: PLR2004 - an INTEGER column
        raise HTTPException(422, "after must be a whole number, 0 or more.")
    return int(given)
