"""What a submission server says before anything is sent: sign-in, and addresses for answers.

No message is handed in.
"""

from __future__ import annotations

from supportbot.channels.email.sending.submission import Envelope, Submission, offer
from supportbot.errors import SendError
from supportbot.model.findings import Findings


async def examine_sending(address: str, server: Submission, answers_to: str) -> Findings:
    """Sign in and offer a mail to `answers_to`, as if a customer answered; then part."""
    found = Findings()
    try:
        await offer(server, Envelope(address, (answers_to,), address))
    except SendError as error:
        if error.permanent:
            found.problems.append(
                f"mailbox {address}: answers to {answers_to} would be lost: {error}; let the mail"
                " server take them, or give another reply_address (docs/how-to/mail-answers.md)"
            )
        else:
            found.problems.append(f"mailbox {address}: cannot send: {error}")
    return found
