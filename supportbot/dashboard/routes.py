"""The routes of the dashboard: one table of paths and the rights they demand."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute

from supportbot.dashboard.access import Access
from supportbot.dashboard.assets import load_assets
from supportbot.dashboard.deps import DashboardDeps
from supportbot.dashboard.gate import Page, route
from supportbot.dashboard.pages import acts, entry, lists, overview, people, quarantine, ticket, why
from supportbot.dashboard.rendering import Pages
from supportbot.dashboard.rights import Right
from supportbot.dashboard.visit import Desk

PAGES = (
    Page("GET", "/", Right.SIGNED_IN, entry.home),
    Page("GET", "/login", Right.OPEN, entry.login_form),
    Page("POST", "/login", Right.OPEN, entry.login),
    Page("GET", "/login/link/{token}", Right.OPEN, entry.link_form),
    Page("POST", "/login/link/{token}", Right.OPEN, entry.use_link),
    Page("POST", "/logout", Right.SIGNED_IN, entry.logout),
    Page("GET", "/inbox", Right.READ, lists.inbox_page),
    Page("GET", "/drafts", Right.READ, lists.drafts_page),
    Page("POST", "/drafts/{draft:int}/send", Right.ACT, acts.send_draft),
    Page("POST", "/drafts/{draft:int}/discard", Right.ACT, acts.discard_draft),
    Page("GET", "/tickets/{ticket}", Right.READ, ticket.ticket_page),
    Page("GET", "/tickets/{ticket}/live", Right.READ, ticket.live, passive=True),
    Page("GET", "/tickets/{ticket}/why/{completion:int}", Right.READ, why.why_page),
    Page("POST", "/tickets/{ticket}/take-over", Right.ACT, acts.take_over),
    Page("POST", "/tickets/{ticket}/reply", Right.ACT, acts.reply),
    Page("POST", "/tickets/{ticket}/return", Right.ACT, acts.return_to_bot),
    Page("POST", "/tickets/{ticket}/resolve", Right.ACT, acts.resolve),
    Page("GET", "/attachments/{attachment:int}", Right.READ_PERSONAL, ticket.attachment),
    Page("GET", "/policies/{version:int}", Right.READ, why.policy_page),
    Page("GET", "/overview", Right.READ, overview.overview_page),
    Page("GET", "/quarantine", Right.READ_PERSONAL, quarantine.quarantine_page),
    Page("GET", "/quarantine/{mail:int}", Right.READ_PERSONAL, quarantine.mail_page),
    Page("POST", "/quarantine/{mail:int}/release", Right.ADMINISTER, quarantine.release),
    Page("POST", "/quarantine/{mail:int}/drop", Right.ADMINISTER, quarantine.drop),
    Page("GET", "/account", Right.SIGNED_IN, people.account_page),
    Page("POST", "/account/password", Right.SIGNED_IN, people.set_password),
    Page("POST", "/account/leave-everywhere", Right.SIGNED_IN, people.leave_everywhere),
    Page("GET", "/operators", Right.ADMINISTER, people.operators_page),
    Page("POST", "/operators", Right.ADMINISTER, people.invite),
    Page("POST", "/operators/{operator:int}/link", Right.ADMINISTER, people.new_link),
    Page("POST", "/operators/{operator:int}/enable", Right.ADMINISTER, people.enable),
    Page("POST", "/operators/{operator:int}/disable", Right.ADMINISTER, people.disable),
)


def dashboard_routes(deps: DashboardDeps) -> Sequence[BaseRoute]:
    """Return all routes; they are meant to be mounted under `/`, after those of the channels."""
    assets = load_assets()
    desk = Desk(deps, Access(deps.db, deps.clock), Pages(deps, assets))
    files = entry.StaticFiles(assets)
    static = Page("GET", "/assets/{digest}/{name}", Right.OPEN, files.serve)
    return [route(desk, page) for page in (*PAGES, static)]
