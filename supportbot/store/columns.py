"""Column types that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from supportbot.model.time import to_ms

#: PostgreSQL indexes at most 2704 bytes of a row; names longer than this are hashed.
_MOST_KEY_BYTES = 900

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Primary keys: 64 bits on PostgreSQL, the rowid on SQLite.
Id = BigInteger().with_variant(Integer, "sqlite")

Json = JSON().with_variant(JSONB, "postgresql")


def bounded(key: str, most_bytes: int = _MOST_KEY_BYTES) -> str:
    """Return a provider's name for something, or its sha256 where it is too long to be indexed."""
    raw = key.encode()
    return key if len(raw) <= most_bytes else f"sha256:{hashlib.sha256(raw).hexdigest()}"


class UtcMs(TypeDecorator[datetime]):
    """A moment in UTC with whole milliseconds: TIMESTAMPTZ, or epoch milliseconds on SQLite.

    Naive values are refused. Both stores give back exactly what was put in.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Pick the column type of the store."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Cut to milliseconds on the way in."""
        if value is None:
            return None
        moment = to_ms(value)
        if dialect.name == "sqlite":
            return (moment - _EPOCH) // timedelta(milliseconds=1)
        return moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give UTC on the way out, whatever zone the server speaks."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return _EPOCH + timedelta(milliseconds=int(value))
        moment: datetime = value
        return moment.astimezone(UTC)
