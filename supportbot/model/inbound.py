"""What arrives, before and after it is understood.

A channel commits an `Inbound` (the raw bytes and the provider's own keys) before it acknowledges
anything. Its pure `parse` turns the same bytes into something `Heard`; intake decides what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from supportbot.model.delivery_report import DeliveryReport

#: Why nothing follows: whoever asks something asked the same words before.
ALREADY_ASKED = "already_asked"


@dataclass(frozen=True, slots=True)
class Inbound:
    """What a channel heard, still raw."""

    #: Key of the channel that heard it, such as `slack:T0123` or `email:help@example.com`.
    channel: str
    #: The provider's unique keys; a second arrival with any of them is a duplicate.
    keys: tuple[str, ...]
    raw: bytes
    #: Facts of the transport that are not in the raw bytes, such as the SMTP envelope.
    meta: Mapping[str, str]
    received_at: datetime
    #: True: acknowledge after the row is committed, understand it in a lane afterwards (mail).
    deferred: bool = False
    #: True: so too where more arrives than can be understood at once; nobody waits for more than
    #: the acknowledgement.
    may_wait: bool = False


@dataclass(frozen=True, slots=True)
class StoredInbound:
    """An inbound row: what arrived, under its number."""

    id: int
    inbound: Inbound
    attempts: int


class ActionKind(StrEnum):
    """What can be pressed below a message, and what it asks for."""

    # By customers
    ESCALATE = "escalate"
    FEEDBACK = "feedback"
    SCORE = "score"
    #: Say more about the thumb or the score that was given.
    COMMENT = "comment"
    #: Write no more of the answer that is being written.
    STOP = "stop"
    # By both
    RESOLVE = "resolve"
    # By operators
    CLAIM = "claim"
    REPLY = "reply"
    RETURN = "return"
    SEND_DRAFT = "send_draft"
    EDIT_DRAFT = "edit_draft"
    DISCARD_DRAFT = "discard_draft"


@dataclass(frozen=True, slots=True)
class Form:
    """Words that a press asks for before anything happens; the channel shows a form for them."""

    kind: ActionKind
    #: The delivery whose button was pressed; the filled form names it again.
    delivery_key: str
    #: What stands in it already.
    text: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer to a channel: the row is on disk, the sender may be acknowledged."""

    inbound_id: int
    duplicate: bool = False
    #: Public id of the ticket it went to, where that is known already.
    ticket: str | None = None
    #: Why nothing will follow, where that is known already.
    suppressed: str | None = None
    #: A line for whoever pressed a button, where it did not do what it says.
    note: str | None = None
    #: What is to be filled in first.
    form: Form | None = None


class DispositionKind(StrEnum):
    """What a mail is. Everything but `human` is machine mail and is never answered."""

    HUMAN = "human"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    MDN = "mdn"
    FEEDBACK = "feedback"
    LIST = "list"
    OWN = "own"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Disposition:
    """Whether a message may be answered, with the names of the rules that say so."""

    kind: DispositionKind = DispositionKind.HUMAN
    reply_allowed: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote, as the channel knows them."""

    #: Unique within the channel kind: `T1:U1` in Slack, the lower-case address in email.
    external_id: str
    name: str = ""
    #: Key and name of the company behind them, such as `mail:example.com`, if any.
    account: str | None = None
    #: Their mail address, where the channel vouches for it.
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Authenticity:
    """Whether whoever wrote a message is who they say, and the names of what tells so."""

    verified: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that came with a message."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Conversation:
    """What one customer says in turn where nobody answers in threads, such as a direct message."""

    name: str
    #: True: it begins anew, however lately something was said.
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Referred:
    """A file that came with a message and is fetched later, from where its provider keeps it."""

    filename: str
    content_type: str
    #: As the provider tells it.
    size_bytes: int
    #: What the channel fetches it by (see `FilesChannel`); understood by that channel only, but for
    #: its `id`, which names the file.
    ref: Mapping[str, str]
    #: Set where it never can be fetched.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """A message that stands in the channel, of which a question is made."""

    #: Its key, by which it is edited and deleted.
    key: str
    #: Whoever asks wrote it as well.
    by_author: bool


@dataclass(frozen=True, slots=True)
class Correspondence:
    """What a mail tells of its thread beside its names, and who else it was written to."""

    #: A name that all copies of it share, whichever channels they come to.
    copy: str
    #: Key of the channel that it is for; None: it names none, and is for the one it came to.
    home: str | None
    #: True: it was taken out of its thread, and begins another beside it (a forward).
    forward: bool = False
    #: The names of the thread that it was taken out of.
    beside: tuple[str, ...] = ()
    #: What its subject says that its ticket's public id ends with. Anybody may write that, so it
    #: counts for those only who take part in that ticket.
    tag: str | None = None
    #: The others that it was written to, as `Sender.external_id` knows people.
    others: tuple[str, ...] = ()
    #: Those of them who are not of the house that answers here, where its author is of that house.
    outsiders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerMessage:
    """A customer wrote something."""

    sender: Sender
    text: str
    #: Names of the thread it belongs to, the most trusted first; all are remembered.
    thread_keys: tuple[str, ...]
    #: Where a reply goes; understood by the same channel's `send` only.
    target: Mapping[str, str]
    subject: str | None = None
    #: Key of the product this way in stands for; None leaves it to the default.
    product: str | None = None
    #: False: it only counts if its thread is known (channel chatter without a mention).
    addressed: bool = True
    #: Why its author may not open a ticket here; in a thread that is known they may write.
    barred: str | None = None
    #: True: even without a word it is a call for us, to be greeted where its thread is not known.
    greet: bool = False
    #: What it goes on with, or begins, where its thread is not known.
    conversation: Conversation | None = None
    #: True: the channel shows these words nowhere (a command, a form), so a copy is sent first.
    echo: bool = False
    #: True: others may write in the same thread (Slack); False: a stranger opens a ticket (email).
    shared_thread: bool = False
    #: True: it was said where nobody is but its sender and the bot.
    direct: bool = False
    disposition: Disposition = field(default_factory=Disposition)
    sent_at: datetime | None = None
    attachments: tuple[Attached | Referred, ...] = ()
    #: The message whose words these are, where somebody pointed at it (a shortcut).
    repeats: Repeated | None = None
    #: Set where senders can be forged; None: it is the same for all that the channel hears.
    authenticity: Authenticity | None = None
    #: What a mail system tells with it of mails that we sent.
    report: DeliveryReport | None = None
    #: Set where it is a mail.
    correspondence: Correspondence | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """A message was changed by its author."""

    sender: Sender
    message_key: str
    thread_keys: tuple[str, ...]
    text: str
    #: The `id` of each file, as in its `Referred.ref`, that was taken out of it.
    gone_files: tuple[str, ...] = ()
    #: Set where its new words call for us and its old ones did not: what it is if it was not heard.
    calls: CustomerMessage | OperatorMessage | None = None


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message was taken back by its author."""

    message_key: str
    thread_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OperatorMessage:
    """An operator wrote: to a customer, below a notice, or (as anybody may) to the bot."""

    #: What was written, as it would be understood if a customer had written it.
    said: CustomerMessage
    #: The provider's id of the message in whose thread it stands.
    below: str | None = None
    #: It is meant for a colleague: it begins with somebody's name.
    aside: bool = False
    #: True: nobody can tell yet whether an operator wrote it.
    in_doubt: bool = False

    @property
    def thread_keys(self) -> tuple[str, ...]:
        """Names of the thread it belongs to."""
        return self.said.thread_keys


@dataclass(frozen=True, slots=True)
class Action:
    """Somebody pressed a button on one of our messages, or filled in a form."""

    kind: ActionKind
    sender: Sender
    thread_keys: tuple[str, ...]
    #: The delivery the button sat on, where the button carries it.
    delivery_key: str | None = None
    #: The provider's id of the message it was done to, where that carries no delivery.
    on: str | None = None
    #: Feedback: 1 (up) or -1 (down). Score: 1 to 5.
    value: int | None = None
    #: What was filled in; None: the button was pressed only.
    text: str | None = None
    #: Whoever pressed is one of the operators.
    by_operator: bool = False
    #: What the sender's id ends with, where the channel was not told which company they are of:
    #: whoever asked, if theirs ends so as well.
    ends_with: str | None = None
    #: When it was pressed, by the channel's clock, where that matters.
    pressed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Introduced:
    """The channel learned what a customer is called."""

    sender: Sender


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing will follow; `reason` is stored. `keep` = False drops the raw bytes too."""

    reason: str
    keep: bool = False
    thread_keys: tuple[str, ...] = ()


Heard = CustomerMessage | OperatorMessage | Edited | Deleted | Action | Introduced | Ignored
