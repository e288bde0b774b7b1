"""What `supportbot check` finds out about mailboxes and the listener."""

from __future__ import annotations

import asyncio

from supportbot.app.house import now
from supportbot.app.mail_ways import mail_listener, mailbox_config
from supportbot.channels.email.arriving.examine import examine_mailbox
from supportbot.channels.email.arriving.receiver import Secret
from supportbot.channels.email.channel import (
    answers_to,
    mail_server,
    mail_submission,
    mail_token,
)
from supportbot.channels.email.sending.examine_sending import examine_sending
from supportbot.errors import SettingsError
from supportbot.model.findings import Findings
from supportbot.settings.tree import Mailbox, Settings
from supportbot.store import catalog, quarantine
from supportbot.store.database import Database

_TIMEOUT_SECONDS = 10.0


async def look_at_mail(settings: Settings, database: Database | None) -> Findings:
    """Sign in to every mailbox and its way out, and look at the listener's certificate.

    `database`: where new tokens of a mailbox are kept; None: there is none that could be used.
    """
    found = Findings()
    try:
        mail_listener(settings.email.listener)
    except SettingsError as error:
        found.problems.append(str(error))
    boxes = settings.email.mailboxes
    for one in await asyncio.gather(*(_mailbox(settings, box, database) for box in boxes)):
        found.problems.extend(one.problems)
        found.notes.extend(one.notes)
    if database is not None:
        found.notes.extend(await _set_aside(database))
    return found


async def _set_aside(database: Database) -> list[str]:
    """Tell of mail that waits for a person."""
    async with database.reading() as work:
        count = await quarantine.count(work)
    mails = "1 mail" if count == 1 else f"{count} mails"
    told = f"{mails} could not be understood; see `supportbot email quarantine`"
    return [told] if count else []


async def _mailbox(settings: Settings, box: Mailbox, database: Database | None) -> Findings:
    oauth = box.oauth
    needed = oauth.refresh_token if oauth else box.password
    if needed is None and (oauth or box.imap or box.password_env):
        return Findings()  # it is told already
    if oauth is not None and oauth.provider is None and database is None:
        # Its refresh token may be good for one exchange only, whose outcome must be kept.
        return Findings(notes=[f"mailbox {box.address}: was not signed in to without a database"])
    config = mailbox_config(settings, box, secret="", timeout_seconds=_TIMEOUT_SECONDS)
    key = f"email:{box.address}"
    if oauth is not None and database is not None:
        async with database.writing() as work:
            await catalog.ensure_channel(work, key, "email", now())
    token = mail_token(key, config, database, now)
    found = Findings()
    if (server := mail_server(config)) is not None:
        secret = Secret(config.imap_password or "", token)
        found = await examine_mailbox(box.address, server, secret, now)
    if (way_out := mail_submission(config, token)) is not None:
        sending = await examine_sending(box.address, way_out, answers_to(config))
        found.problems.extend(sending.problems)
    return found
