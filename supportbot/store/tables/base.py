"""The declarative base, the naming convention and the shared column shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from sqlalchemy import Identity, MetaData
from sqlalchemy.orm import DeclarativeBase, mapped_column

from supportbot.store.columns import Id, Json, UtcMs

Key = Annotated[int, mapped_column(Id, Identity(), primary_key=True)]
Ref = Annotated[int, mapped_column(Id)]
Moment = Annotated[datetime, mapped_column(UtcMs)]
Facts = Annotated[dict[str, Any], mapped_column(Json, default=dict)]


class Base(DeclarativeBase):
    """All tables share one metadata, whose names migrations can rely on."""

    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
