"""Templates: one environment, escaping on, and the few filters they use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from supportbot.dashboard.assets import Asset
from supportbot.dashboard.deps import DashboardDeps
from supportbot.dashboard.markdown import to_html
from supportbot.dashboard.rights import Right, allows
from supportbot.dashboard.wording import duration, label, web_address
from supportbot.store.operators import OperatorSession

_FOLDER = Path(__file__).parent / "templates"


class Pages:
    """Renders the templates of the package."""

    def __init__(self, deps: DashboardDeps, assets: Mapping[str, Asset]) -> None:
        self._clock = deps.clock
        self._environment = Environment(
            loader=FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "moment": _moment,
            "duration": duration,
            "label": label,
            "markdown": to_html,
            "web_address": web_address,
        }
        self._environment.globals |= {
            "asset": lambda name: assets[name].url,
            "version": deps.version,
            "time_zone": deps.time_zone,
        }

    def html(self, template: str, session: OperatorSession | None, **values: object) -> str:
        """Render a template for this person; `may(right)` tells it what to offer."""

        def may(right: str) -> bool:
            return session is not None and allows(session.operator.role, Right(right))

        return self._environment.get_template(template).render(
            me=session.operator if session else None,
            csrf=session.csrf_token if session else "",
            may=may,
            now=self._clock(),
            **values,
        )

    def render(
        self, template: str, session: OperatorSession | None, status: int = 200, **values: object
    ) -> HTMLResponse:
        """Render a template as a response."""
        return HTMLResponse(self.html(template, session, **values), status)


def _moment(at: datetime | None) -> Markup:
    """Show a moment in UTC, to the minute; the element carries it exactly."""
    if at is None:
        return Markup("not yet")
    utc = at.astimezone(UTC)
    exact, shown = utc.isoformat(timespec="seconds"), f"{utc:%d %b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(exact, shown)
