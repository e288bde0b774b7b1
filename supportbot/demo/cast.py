"""Who plays in the demo: the customers, their Slack channels, the mailboxes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A customer; `handle` is their name in Slack."""

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


@dataclass(frozen=True, slots=True)
class MailPlace:
    """An address that customers write to."""

    address: str
    product: str


MAYA = Person("maya", "Maya Okafor", "maya.okafor@harborbooks.example")
TOMAS = Person("tomas", "Tomás Rivera", "tomas.rivera@harborbooks.example")
JONAS = Person("jonas", "Jonas Lindqvist", "jonas.lindqvist@nordlys.example")
PRIYA = Person("priya", "Priya Raman", "priya.raman@fernhill.example")

IN_SLACK = (MAYA, TOMAS)
BY_MAIL = (JONAS, PRIYA)

HOSTING_HELP = SlackPlace("C0HOSTINGHELP", "hosting-help", "hosting")
SHOP_HELP = SlackPlace("C0SHOPHELP", "shop-help", "retail")
SUPPORT_TEAM = SlackPlace("C0SUPPORTTEAM", "support-team", None)
SLACK_PLACES = (HOSTING_HELP, SHOP_HELP, SUPPORT_TEAM)

HOSTING_MAIL = MailPlace("help@hosting.brightfield.example", "hosting")
SHOP_MAIL = MailPlace("help@shop.brightfield.example", "retail")
MAIL_PLACES = (HOSTING_MAIL, SHOP_MAIL)


def person_of(external_id: str) -> Person | None:
    """Return whose id in Slack (`team:user`) or mail address it is."""
    for person in (*IN_SLACK, *BY_MAIL):
        if external_id == person.email or external_id.endswith(f":{person.slack_user}"):
            return person
    return None
