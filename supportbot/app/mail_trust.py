"""From settings to who may tell whether the sender of a mail is who they say."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from ipaddress import ip_network

from supportbot.channels.email.authenticity.checks import Check
from supportbot.channels.email.authenticity.judge import Trust
from supportbot.errors import SettingsError
from supportbot.settings.tree import EmailSettings, Mailbox

_PACKAGES = ("dkim", "dns", "spf")


def trust_of(email: EmailSettings, box: Mailbox) -> Trust:
    """Return whose word counts for mail to a mailbox."""
    servers = tuple(map(ip_network, email.listener.mail_servers))
    return Trust(box.authserv_ids, servers)


def own_check(email: EmailSettings) -> Check | None:
    """Return the check of our own, where it is wanted.

    Raises:
        SettingsError: its packages are not installed.
    """
    for problem in missing_packages(email):
        raise problem
    if not email.listener.check_authenticity:
        return None
    from supportbot.channels.email.authenticity.names import Resolver
    from supportbot.channels.email.authenticity.own import OwnCheck

    return OwnCheck(Resolver())


def missing_packages(email: EmailSettings) -> Iterator[SettingsError]:
    """Tell where a check is wanted that cannot be made."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if email.listener.check_authenticity and missing:
        yield SettingsError(
            "[email.listener] check_authenticity: needs packages that are not installed; run "
            "`pip install 'supportbot[dmarc]'`, or set it to false"
        )
