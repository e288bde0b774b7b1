"""How many mails may leave by themselves, and when something that repeats itself is a machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from supportbot.settings.section import Section

_Most = Annotated[int, Field(ge=1, le=1_000_000)]


class MailCapSettings(Section):
    """Caps on automatic mails, counted from the store; people's own replies are not capped.

    A ticket whose cap is reached goes to people.
    """

    sender_per_3_hours: _Most = Field(
        default=10, description="Automatic mails to one customer in 180 minutes."
    )
    ticket_per_10_minutes: _Most = Field(
        default=10, description="Automatic mails on one ticket in 10 minutes."
    )
    ticket_per_hour: _Most = Field(
        default=25, description="Automatic mails on one ticket in 60 minutes."
    )
    ticket_per_10_hours: _Most = Field(
        default=100, description="Automatic mails on one ticket in 600 minutes."
    )
    all_per_hour: _Most = Field(
        default=600, description="Automatic mails of all mailboxes in 60 minutes."
    )
    repeats: _Most = Field(
        default=2,
        description="Who sends the same words, or opens tickets of the same subject, more often"
        " than this within repeat_minutes is answered by people only.",
    )
    repeat_minutes: _Most = Field(default=60, description="See repeats.")
