"""Statements that are prepared once: what an answer needs, at little more than the driver's cost.

SQLAlchemy writes the SQL and knows the types; but to execute a statement through it takes ten times
as long as SQLite needs to run it (`make bench` tells). So a statement that stands at the top of a
query module is compiled once per store and then handed to the driver as it is.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Dialect
from sqlalchemy.exc import NoResultFound
from sqlalchemy.sql.compiler import ExpandedState, SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.elements import BindParameter, ClauseElement
from sqlalchemy.sql.selectable import ReturnsRows
from sqlalchemy.types import TypeEngine

Statement = ClauseElement
Parameters = Mapping[str, Any]
_Process = Callable[[Any], Any]


class Named(Protocol):
    """A row whose columns are attributes, whichever way it was read."""

    def __getattr__(self, name: str) -> Any:
        """Return the value of a column."""


class Cursor(Protocol):
    """A driver's cursor, so far as it describes what it fetched; psycopg's takes its time to."""

    @property
    def description(self) -> Sequence[Any] | None:
        """The columns, as the DB API has them."""


class Rows:
    """What a statement gave; read as SQLAlchemy's results are."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: Sequence[Any], rowcount: int) -> None:
        self._rows = rows
        #: How many rows were written; only for statements that return none.
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        """Go through the rows."""
        return iter(self._rows)

    def all(self) -> Sequence[Any]:
        """Return all rows."""
        return self._rows

    def first(self) -> Any | None:
        """Return the first row, or None."""
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        """Return the only row.

        Raises:
            NoResultFound: there is none.
        """
        if not self._rows:
            raise NoResultFound("a row was expected")
        return self._rows[0]

    def scalar_one(self) -> Any:
        """Return the first value of the only row.

        Raises:
            NoResultFound: there is none.
        """
        return self.one()[0]

    def scalar(self) -> Any | None:
        """Return the first value of the first row, or None."""
        return self._rows[0][0] if self._rows else None

    def scalars(self) -> list[Any]:
        """Return the first value of each row."""
        return [row[0] for row in self._rows]


class Prepared:
    """One statement in the words of one store, with what turns values in and rows out."""

    def __init__(self, statement: Statement, dialect: Dialect, given: tuple[str, ...]) -> None:
        self._dialect = dialect
        self._compiled = _compiled(statement, dialect, given)
        #: The SQL, but where a list of values has yet to be written out.
        self.sql = str(self._compiled)
        binds = self._compiled.bind_names
        #: Parameters that are lists, and the SQL for as long ones as were given already.
        self._lists = [name for bind, name in binds.items() if bind.expanding]
        self._expanded: dict[tuple[int, ...], ExpandedState] = {}
        constants = self._constants()
        self._values: list[tuple[str, _Process | None, bool, Any]] = []
        of_name = {name: bind for bind, name in binds.items()}
        for name in self._compiled.positiontup or of_name:
            process = _process_in(of_name[name], dialect)
            constant = None if name in given else constants[name]
            ready = process(constant) if process else constant
            self._values.append((name, process, name in given, ready))
        columns = statement.exported_columns.items() if isinstance(statement, ReturnsRows) else ()
        self._types: list[TypeEngine[Any]] = [column.type for _, column in columns]
        make: Any = namedtuple  # noqa: PYI024 - the columns are known only now
        row = make("Row", [name for name, _ in columns], rename=True)
        self._row: Callable[[Sequence[Any]], Any] = row._make
        self._out: list[tuple[int, _Process]] | None = None

    def _constants(self) -> dict[str, Any]:
        """Return what is not given with each call: literals and the columns' defaults."""
        compiled = self._compiled
        constants = {name: bind.effective_value for bind, name in compiled.bind_names.items()}
        prefetch = compiled.insert_prefetch if isinstance(compiled.statement, UpdateBase) else ()
        for column in prefetch:
            default: Any = column.default
            constants[column.key] = default.arg(None) if default.is_callable else default.arg
        return constants

    def asked(self, parameters: Parameters) -> tuple[str, Any]:
        """Return the SQL and its arguments as the driver takes them: by place, or by name."""
        if self._lists:
            return self._written_out(parameters)
        if self._compiled.positiontup is None:
            return self.sql, {
                name: (process(parameters[name]) if process else parameters[name])
                if given
                else ready
                for name, process, given, ready in self._values
            }
        return self.sql, [
            (process(parameters[name]) if process else parameters[name]) if given else ready
            for name, process, given, ready in self._values
        ]

    def _written_out(self, parameters: Parameters) -> tuple[str, Any]:
        values = {
            name: (process(parameters[name]) if process else parameters[name]) if given else ready
            for name, process, given, ready in self._values
        }
        lengths = tuple(len(values[name]) for name in self._lists)
        state = self._expanded.get(lengths)
        if state is None:
            state = self._expanded[lengths] = self._compiled.construct_expanded_state(values)
        for name in self._lists:
            values |= zip(state.parameter_expansion[name], values[name], strict=True)
        if state.positiontup is None:
            return state.statement, {name: values[name] for name in state.parameters}
        return state.statement, [values[name] for name in state.positiontup]

    @property
    def returns_rows(self) -> bool:
        """Tell whether there is anything to fetch that somebody wants."""
        return bool(self._types)

    def rows(self, raw: Sequence[Any], cursor: Cursor) -> Sequence[Any]:
        """Make rows of what was fetched from the driver's cursor."""
        if not raw:
            return ()
        if self._out is None:
            self._out = self._processes_out(cursor.description or ())
        make = self._row
        if not self._out:
            return [make(row) for row in raw]
        made = []
        for row in raw:
            values = list(row)
            for place, process in self._out:
                values[place] = process(values[place])
            made.append(make(values))
        return made

    def _processes_out(self, description: Sequence[Any]) -> list[tuple[int, _Process]]:
        processes = (
            kind.dialect_impl(self._dialect).result_processor(self._dialect, column[1])
            for kind, column in zip(self._types, description, strict=True)
        )
        return [(place, process) for place, process in enumerate(processes) if process]


class Statements:
    """The prepared statements of one database."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        #: Told the SQL of every statement that is run here, and of none that SQLAlchemy runs.
        self.watch: Callable[[str], None] | None = None
        self._prepared: dict[tuple[Statement, tuple[str, ...]], Prepared] = {}

    def prepared(self, statement: Statement, parameters: Parameters) -> Prepared:
        """Return a statement ready for these parameters; it is kept, so give no throw-away ones."""
        key = (statement, tuple(parameters))
        found = self._prepared.get(key)
        if found is None:
            found = self._prepared[key] = Prepared(statement, self.dialect, key[1])
        if self.watch is not None:
            self.watch(found.sql)
        return found


def _compiled(statement: Statement, dialect: Dialect, given: tuple[str, ...]) -> SQLCompiler:
    keys = list(given) if isinstance(statement, UpdateBase) else None
    compiled = statement.compile(dialect=dialect, column_keys=keys)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{type(statement).__name__} is no query")
    return compiled


def _process_in(bind: BindParameter[Any], dialect: Dialect) -> _Process | None:
    return bind.type.dialect_impl(dialect).bind_processor(dialect)
