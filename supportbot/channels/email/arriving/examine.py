"""What a mailbox's server says before anything runs: sign-in, folders, notices, clock.

Nothing is read, marked or changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from supportbot.channels.email.arriving.imap import (
    ConnectionLost,
    FolderRefused,
    ImapConnection,
    LoginRefused,
)
from supportbot.channels.email.arriving.receiver import Secret
from supportbot.channels.email.connecting.imap_server import ImapServer
from supportbot.channels.email.connecting.token_endpoint import GrantRefused, TokenUnavailable
from supportbot.errors import StoreUnavailable
from supportbot.model.findings import Findings
from supportbot.model.time import Clock

#: A newest mail that arrived so long from now tells that the clocks differ.
_CLOCKS_DIFFER: Final = timedelta(minutes=2)


async def examine_mailbox(
    address: str, server: ImapServer, secret: Secret, clock: Clock
) -> Findings:
    """Sign in and look at the folders; raises nothing of the mailbox's own troubles."""
    found = Findings()
    connection = ImapConnection(server, max_bytes=0)
    try:
        await secret.sign_in(connection)
        async for problem in _folders(connection, server, clock):
            found.problems.append(f"mailbox {address}: {problem}")
        if not await connection.tells_news():
            found.notes.append(
                f"mailbox {address}: the server has no IDLE; new mail is heard within a minute"
            )
    except LoginRefused as error:
        found.problems.append(
            f"mailbox {address}: {error}; check the user name in its imap and its "
            f"{'oauth' if server.by_token else 'password_env'}"
        )
    except GrantRefused as error:
        found.problems.append(f"mailbox {address}: {error}")
    except (ConnectionLost, TokenUnavailable, StoreUnavailable) as error:
        found.problems.append(f"mailbox {address}: cannot be reached: {error}")
    finally:
        await connection.aclose()
    return found


async def _folders(
    connection: ImapConnection, server: ImapServer, clock: Clock
) -> AsyncIterator[str]:
    for folder in server.folders:
        try:
            await connection.select(folder, look_only=True)
        except FolderRefused as error:
            yield f"folder {error}; correct folders"
            continue
        newest = await connection.newest_arrival()
        if newest is not None and newest > clock() + _CLOCKS_DIFFER:
            yield (
                f"the newest mail of {folder} arrived at {newest.isoformat()}, which is still to "
                "come by the clock of this machine; set it right (NTP)"
            )
