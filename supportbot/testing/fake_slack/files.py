"""Files in messages: shared by people, served to whoever shows the token of their workspace.

https://docs.slack.dev/reference/objects/file-object: without a good token Slack shows no error but
the way to its sign-in page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from supportbot.testing.fake_slack import payloads
from supportbot.testing.fake_slack.access import Tokens
from supportbot.testing.fake_slack.workspace import ApiRefusal, FakeMessage, Workspace

_SIGN_IN = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body></body></html>"
_PIECE_BYTES = 65_536


@dataclass(slots=True)
class FakeFile:
    """A file as the workspace keeps it; change it to let it be fetched in another way."""

    id: str
    name: str
    mimetype: str
    content: bytes
    #: What its file object says; a body may be longer than it was told.
    size: int
    #: Sent by somebody of another company: its object tells nothing, `files.info` has to be asked.
    hidden: bool = False
    #: Only a link to where it is kept.
    is_external: bool = False
    #: Taken away: HTTP 404.
    gone: bool = False
    #: Answered with this HTTP status, or with a redirect to this address.
    status: int = 200
    moved_to: str | None = None
    #: Waits before each piece of the body.
    seconds_per_piece: float = 0.0


class Say(Protocol):
    """Writes into a channel; see `FakeSlack.say`."""

    def __call__(
        self,
        channel: str,
        user: str,
        text: str,
        *,
        thread: FakeMessage | None = None,
        files: Sequence[Mapping[str, Any]] = (),
    ) -> FakeMessage:
        """Return the message."""


@dataclass(slots=True)
class FileServer:
    """Serves the files of all workspaces of the app."""

    tokens: Tokens
    #: File id → the file, and the workspace that it is in.
    files: dict[str, tuple[FakeFile, Workspace]] = field(default_factory=dict)
    #: Each request so far: file id, and the token that was shown (empty: none).
    requests: list[tuple[str, str]] = field(default_factory=list)
    origin: str = ""

    def url(self, file: FakeFile) -> str:
        """Return its `url_private`."""
        return f"http://{self.origin}/files-pri/{file.id}/{file.name}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request for a file."""
        number = request.match_info["id"]
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = token if scheme.lower() == "bearer" else ""
        self.requests.append((number, shown))
        file, workspace = self.files.get(number, (None, None))
        if file is None or file.gone:
            return web.Response(status=404)
        access = self.tokens.known.get(shown)
        if workspace is None or access is None or access.refused or not access.opens(workspace):
            return web.Response(status=302, headers={"Location": f"http://{self.origin}/signin"})
        if file.moved_to is not None:
            return web.Response(status=302, headers={"Location": file.moved_to})
        if file.status != web.HTTPOk.status_code:
            return web.Response(status=file.status)
        return await self._body(request, file)

    async def sign_in(self, request: web.Request) -> web.Response:
        """Show the page that people sign in on."""
        del request
        return web.Response(text=_SIGN_IN, content_type="text/html")

    async def _body(self, request: web.Request, file: FakeFile) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": file.mimetype})
        await response.prepare(request)
        for start in range(0, len(file.content), _PIECE_BYTES):
            await asyncio.sleep(file.seconds_per_piece)
            await response.write(file.content[start : start + _PIECE_BYTES])
        return response


class Files:
    """What people do with files in one workspace."""

    def __init__(
        self, workspace: Workspace, server: FileServer, say: Say, number: Callable[[], int]
    ) -> None:
        self._workspace = workspace
        self._server = server
        self._say = say
        self._number = number

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Each request for a file so far: its id, and the token that was shown."""
        return self._server.requests

    def add(self, name: str, mimetype: str, content: bytes) -> FakeFile:
        """Keep a file that can be shared by `say`, with its `as_json`."""
        file = FakeFile(f"F0FILE{self._number():04d}", name, mimetype, content, len(content))
        self._server.files[file.id] = (file, self._workspace)
        return file

    def share(
        self,
        channel: str,
        user: str,
        text: str,
        files: Sequence[FakeFile | tuple[str, str, bytes]],
        *,
        thread: FakeMessage | None = None,
    ) -> FakeMessage:
        """Write a message with files, each given whole or as name, type and bytes."""
        kept = [one if isinstance(one, FakeFile) else self.add(*one) for one in files]
        shown = [self.as_json(one) for one in kept]
        return self._say(channel, user, text, thread=thread, files=shown)

    def take_out(self, message: FakeMessage, file: FakeFile) -> None:
        """Delete a file; its message stays, with a tombstone in the file's place."""
        before, file.gone = message.as_json(), True
        message.files = [
            {"id": one["id"], "mode": "tombstone"} if one["id"] == file.id else one
            for one in message.files
        ]
        channel, ts = self._workspace.channels[message.channel], self._workspace.next_ts()
        self._workspace.announce(payloads.changed_event(message, channel, before, ts))

    def as_json(self, file: FakeFile) -> dict[str, Any]:
        """Return the file object of events."""
        if file.hidden:
            return {"id": file.id, "mode": "file_access", "file_access": "check_file_info"}
        return self._whole(file)

    def info(self, workspace: Workspace, args: Mapping[str, Any]) -> dict[str, Any]:
        """https://docs.slack.dev/reference/methods/files.info."""
        file, home = self._server.files.get(str(args.get("file")), (None, None))
        if file is None or home is not workspace:
            raise ApiRefusal("file_not_found")
        if file.gone:
            raise ApiRefusal("file_deleted")
        return {"file": self._whole(file), "comments": [], "response_metadata": {}}

    def _whole(self, file: FakeFile) -> dict[str, Any]:
        url = self._server.url(file)
        return {
            "id": file.id,
            "name": file.name,
            "title": file.name,
            "mimetype": file.mimetype,
            "filetype": file.name.rpartition(".")[2],
            "size": file.size,
            "mode": "external" if file.is_external else "hosted",
            "is_external": file.is_external,
            "file_access": "visible",
            "url_private": url,
            "url_private_download": url,
        }
