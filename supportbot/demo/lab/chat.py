"""The web chat on the lab page: what visitors do, and what each of them sees."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException

from supportbot.channels.web import checks
from supportbot.demo.lab.endpoints import Act, Body, Json, one_of
from supportbot.demo.scene import Day
from supportbot.demo.visitor import Visitor

_MAX_VISITORS = 12


class ChatActs:
    """What visitors of the chat page do."""

    def __init__(self, day: Day) -> None:
        self._stage = day.stage
        self._visitors = day.visitors

    def acts(self) -> Mapping[str, Act]:
        """Return path → what is done."""
        return {
            "web/visitors": self._arrive,
            "web/messages": self._write,
            "web/escalate": self._escalate,
            "web/feedback": self._rate,
        }

    async def _arrive(self, body: Body) -> Json:
        product = one_of(body, "product", list(self._stage.house.wiring.products))
        visitors = self._visitors
        if len(visitors) >= _MAX_VISITORS:
            raise HTTPException(409, f"The lab has room for {_MAX_VISITORS} visitors.")
        visitors.append(Visitor(self._stage.origin, product, f"Visitor {len(visitors) + 1}"))
        return {"id": visitors[-1].id}

    async def _write(self, body: Body) -> Json:
        visitor = self._visitor(body)
        await visitor.write(checks.text_of(body))
        return {"id": visitor.id}

    async def _escalate(self, body: Body) -> Json:
        visitor = self._visitor(body)
        await visitor.escalate()
        return {"id": visitor.id}

    async def _rate(self, body: Body) -> Json:
        visitor = self._visitor(body)
        await visitor.rate(str(body.get("reply")), 1 if body.get("value") == 1 else -1)
        return {"id": visitor.id}

    def _visitor(self, body: Body) -> Visitor:
        for visitor in self._visitors:
            if visitor.id == body.get("visitor"):
                return visitor
        raise HTTPException(404, "There is no such visitor.")


async def seen_by(visitor: Visitor) -> Json:
    """Return a visitor's conversation."""
    shown = await visitor.conversation()
    return {
        "id": visitor.id,
        "name": visitor.name,
        "product": visitor.product,
        **{name: shown.get(name) for name in ("ticket", "status", "handler", "waiting")},
        "messages": shown["messages"],
    }
