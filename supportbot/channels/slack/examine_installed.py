"""What is wrong with the workspaces that installed the app: tokens, scopes, the operators' own."""

from __future__ import annotations

from collections.abc import Iterator

from supportbot.channels.slack.config import SlackConfig, SlackOAuth
from supportbot.channels.slack.examine import examine_home
from supportbot.channels.slack.installing.oauth import INSTALL_PATH
from supportbot.channels.slack.installing.register import Register
from supportbot.channels.slack.manifest import SCOPES
from supportbot.errors import TokenUnreadable
from supportbot.model.findings import Findings
from supportbot.model.installation import Installation
from supportbot.store import installations


async def examine_installed(config: SlackConfig, oauth: SlackOAuth, register: Register) -> Findings:
    """Look at every stored installation, and ask Slack about the operators' workspace.

    Nothing is posted or changed, and no token is exchanged; raises nothing of Slack's.
    """
    async with register.db.reading() as work:
        found = await installations.all_of(work, register.channel)
    present = [one for one in found if one.removed_at is None]
    address = oauth.public_url.rstrip("/") + INSTALL_PATH
    problems = [line for one in present for line in _problems(one, register, address)]
    if not present:
        return Findings(notes=[f"no workspace has installed the Slack app yet; open {address}"])
    home = next((one for one in present if one.grant.owner == config.operators_team), None)
    if home is None:
        if config.operators_team:
            problems.append(
                f"[slack] operators_team: {config.operators_team} has not installed the app; "
                f"open {address} there"
            )
        return Findings(problems)
    try:
        asked = await examine_home(config, register.open(home).access)
    except TokenUnreadable:
        return Findings(problems)  # it is among them
    return Findings([*problems, *asked.problems], asked.notes)


def _problems(installation: Installation, register: Register, address: str) -> Iterator[str]:
    grant = installation.grant
    named = f"Slack workspace {grant.owner} ({grant.name})"
    missing = sorted(set(SCOPES) - set(grant.scopes))
    if missing:
        lacking = f"lacks the scope{'s' if missing[1:] else ''} {', '.join(missing)}"
        yield f"{named} {lacking}; it has to open {address} again"
    try:
        register.open(installation)
    except TokenUnreadable as error:
        yield f"{named}: {error}"
