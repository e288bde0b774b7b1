"""Accounts: one's own password, and, for admins, who may come in."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from supportbot.dashboard.access import link_path
from supportbot.dashboard.pages.entry import with_cookie
from supportbot.dashboard.visit import Visit
from supportbot.dashboard.wording import SAID
from supportbot.errors import AccessError, ConflictError
from supportbot.model.catalog import OperatorRole
from supportbot.store import operators


async def account_page(visit: Visit) -> Response:
    """Show one's own account."""
    return await _account(visit, None, 200)


async def _account(visit: Visit, problem: str | None, status: int) -> Response:
    async with visit.desk.deps.db.reading() as work:
        known = await operators.password_hash(work, visit.operator_id)
    return visit.desk.pages.render(
        "account.html",
        visit.session,
        status,
        problem=problem,
        has_password=known is not None,
        said=SAID.get(visit.request.query_params.get("said", "")),
    )


async def set_password(visit: Visit) -> Response:
    """Set one's own password; the current one is asked where there is one."""
    try:
        await _check_current(visit)
        if visit.form.get("password") != visit.form.get("again"):
            raise AccessError("The two new passwords are not the same.")  # noqa: TRY301 - one exit
        signed_in = await visit.desk.access.set_password(
            visit.signed_in, visit.form.get("password", ""), visit.client
        )
    except AccessError as error:
        return await _account(visit, str(error), 400)
    return with_cookie(visit, signed_in, RedirectResponse("/account?said=password", 303))


async def _check_current(visit: Visit) -> None:
    current = visit.form.get("current", "")
    await visit.desk.access.check_password(visit.signed_in, current, visit.client)


async def leave_everywhere(visit: Visit) -> Response:
    """End all of one's own logins."""
    await visit.desk.access.sign_out_everywhere(visit.operator_id)
    return RedirectResponse("/login?said=out", 303)


async def operators_page(visit: Visit) -> Response:
    """List the operators."""
    return await _operators(visit)


async def _operators(
    visit: Visit, *, problem: str | None = None, link: tuple[str, str] | None = None
) -> Response:
    async with visit.desk.deps.db.reading() as work:
        everybody = await operators.everybody(work)
    return visit.desk.pages.render(
        "operators.html",
        visit.session,
        409 if problem else 200,
        everybody=everybody,
        roles=list(OperatorRole),
        problem=problem,
        link=link,
        said=SAID.get(visit.request.query_params.get("said", "")),
    )


async def invite(visit: Visit) -> Response:
    """Create an operator and show their login link, this once."""
    wanted = visit.form.get("role", "")
    role = OperatorRole(wanted) if wanted in set(OperatorRole) else OperatorRole.VIEWER
    try:
        email, name = visit.form.get("email", ""), visit.form.get("name", "")
        access = visit.desk.access
        made = await access.promote(email, role, name) or await access.create_operator(
            email, name, role
        )
    except (AccessError, ConflictError) as error:
        return await _operators(visit, problem=str(error))
    return await _with_link(visit, made.id, made.email)


async def new_link(visit: Visit) -> Response:
    """Make another login link for an operator and show it, this once."""
    async with visit.desk.deps.db.reading() as work:
        operator = await operators.get(work, visit.number("operator"))
    return await _with_link(visit, operator.id, operator.email)


async def _with_link(visit: Visit, operator_id: int, email: str) -> Response:
    try:
        token = await visit.desk.access.login_link(operator_id)
    except AccessError as error:
        return await _operators(visit, problem=str(error))
    base = (visit.desk.deps.public_url or str(visit.request.base_url)).rstrip("/")
    return await _operators(visit, link=(email, f"{base}{link_path(token)}"))


async def enable(visit: Visit) -> Response:
    """Let an operator in again."""
    await visit.desk.access.set_enabled(visit.number("operator"), enabled=True)
    return RedirectResponse("/operators?said=enabled", 303)


async def disable(visit: Visit) -> Response:
    """Shut an operator out; nobody can lock themselves out."""
    if visit.number("operator") == visit.operator_id:
        return await _operators(visit, problem="You can't disable your own account.")
    await visit.desk.access.set_enabled(visit.number("operator"), enabled=False)
    return RedirectResponse("/operators?said=disabled", 303)
