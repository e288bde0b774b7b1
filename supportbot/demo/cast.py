"""Who plays in the demo: customers and an operator, their Slack channels, the mailboxes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A customer or an operator; `handle` is their name in Slack."""

    handle: str
    name: str
    email: str

    @property
    def slack_user(self) -> str:
        """Their user id in the fake workspace."""
        return f"U0{self.handle.upper()}"


@dataclass(frozen=True, slots=True)
class SlackPlace:
    """A Slack channel and the product that is talked about there."""

    id: str
    name: str
    #: None: the channel where the support team is told things.
    product: str | None
    #: Every new message there is a question; else one that mentions the bot.
    listens_to_all: bool = False


@dataclass(frozen=True, slots=True)
class MailPlace:
    """An address that customers write to."""

    address: str
    product: str


MAYA = Person("maya", "Maya Okafor", "maya.okafor@harborbooks.example")
TOMAS = Person("tomas", "Tomás Rivera", "tomas.rivera@harborbooks.example")
JONAS = Person("jonas", "Jonas Lindqvist", "jonas.lindqvist@nordlys.example")
PRIYA = Person("priya", "Priya Raman", "priya.raman@fernhill.example")
#: Answers customers; signs in to the dashboard, too.
ROBIN = Person("robin", "Robin Hale", "operator@brightfield.example")

IN_SLACK = (MAYA, TOMAS)
BY_MAIL = (JONAS, PRIYA)
OPERATORS = (ROBIN,)
SLACK_PEOPLE = (*IN_SLACK, *OPERATORS)

HOSTING_HELP = SlackPlace("C0HOSTINGHELP", "hosting-help", "hosting")
SHOP_HELP = SlackPlace("C0SHOPHELP", "shop-help", "retail", listens_to_all=True)
SUPPORT_TEAM = SlackPlace("C0SUPPORTTEAM", "support-team", None)
SLACK_PLACES = (HOSTING_HELP, SHOP_HELP, SUPPORT_TEAM)
#: Questions that the messages tab offers: title, message, product.
PROMPTS = (
    ("Restore a backup", "How do I restore a backup?", "hosting"),
    ("Change my plan", "How can I change my hosting plan?", "hosting"),
    ("Return a lamp", "How do I return a lamp?", "retail"),
)

HOSTING_MAIL = MailPlace("help@hosting.brightfield.example", "hosting")
SHOP_MAIL = MailPlace("help@shop.brightfield.example", "retail")
MAIL_PLACES = (HOSTING_MAIL, SHOP_MAIL)


def person_of(external_id: str) -> Person | None:
    """Return whose id in Slack (`team:user`) or mail address it is."""
    for person in (*SLACK_PEOPLE, *BY_MAIL):
        if external_id == person.email or external_id.endswith(f":{person.slack_user}"):
            return person
    return None
