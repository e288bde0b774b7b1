"""What `supportbot check` finds out about mailboxes and the listener."""

from __future__ import annotations

import asyncio

from supportbot.app.house import now
from supportbot.app.mail_ways import mail_listener, mailbox_config
from supportbot.channels.email.channel import mail_server, mail_token
from supportbot.channels.email.examine import examine_mailbox
from supportbot.channels.email.receiver import Secret
from supportbot.errors import SettingsError
from supportbot.model.findings import Findings
from supportbot.settings.tree import Mailbox, Settings
from supportbot.store import catalog
from supportbot.store.database import Database

_TIMEOUT_SECONDS = 10.0


async def look_at_mail(settings: Settings, database: Database | None) -> Findings:
    """Sign in to every mailbox that is read, and look at the listener's certificate.

    `database`: where new tokens of a mailbox are kept; None: there is none that could be used.
    """
    found = Findings()
    try:
        mail_listener(settings.email.listener)
    except SettingsError as error:
        found.problems.append(str(error))
    boxes = [box for box in settings.email.mailboxes if box.imap]
    for one in await asyncio.gather(*(_mailbox(settings, box, database) for box in boxes)):
        found.problems.extend(one.problems)
        found.notes.extend(one.notes)
    return found


async def _mailbox(settings: Settings, box: Mailbox, database: Database | None) -> Findings:
    oauth = box.oauth
    if (oauth.refresh_token if oauth else box.password) is None:
        return Findings()  # it is told already
    if oauth is not None and oauth.provider is None and database is None:
        # Its refresh token may be good for one exchange only, whose outcome must be kept.
        return Findings(notes=[f"mailbox {box.address}: was not signed in to without a database"])
    config = mailbox_config(settings, box, secret="", timeout_seconds=_TIMEOUT_SECONDS)
    server = mail_server(config)
    if server is None:
        return Findings()
    key = f"email:{box.address}"
    if oauth is not None and database is not None:
        async with database.writing() as work:
            await catalog.ensure_channel(work, key, "email", now())
    token = mail_token(key, config, database, now)
    secret = Secret(config.imap_password or "", token)
    return await examine_mailbox(box.address, server, secret, now)
