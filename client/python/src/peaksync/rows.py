"""Rows as updates: which cell is the customer, which the time, and what the others become."""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from peaksync import limits
from peaksync._proto import customer_pb2
from peaksync.errors import UsageError, usage
from peaksync.values import (
    TYPES,
    UNSET,
    Converter,
    NeedsType,
    Refused,
    Setter,
    describe,
    is_missing,
    plain,
    time_of,
)

ID_KINDS = ("external_id", "braze_id", "email", "phone")
FLOAT_ID = (
    "the identifiers are floats. pandas makes floats of integers when a value is missing; nothing "
    "of these rows was sent. Use .astype('Int64'), or text"
)
_LOOKS_FLOAT = re.compile(r"-?\d+\.0+")
_NOT_UTF8 = "not valid UTF-8: it holds a lone surrogate"


class RefusedRow(NamedTuple):
    """A row that was not taken, or not whole. `line` counts rows from 1; 0: not known any more."""

    line: int
    column: str
    reason: str


class Row(NamedTuple):
    """A row that was read: with an update, or refused, or with nothing to send."""

    line: int
    update: Optional[Any]
    refused: Optional[RefusedRow]
    cells: Optional[Dict[str, Any]]  # Only where they are wanted, to write refused rows.


class RowRules(NamedTuple):
    """How rows become updates. `updated_at` is the column of the times, if they are used."""

    id: str
    id_kind: str = "external_id"
    updated_at: Optional[str] = None
    columns: Tuple[str, ...] = ()  # Only these become attributes; none: all.
    exclude: Tuple[str, ...] = ()  # All but these.
    types: Dict[str, str] = {}
    nulls: str = "skip"
    zone: Optional[datetime.tzinfo] = None
    keeps_cells: bool = False


def check_rules(rules: RowRules) -> RowRules:
    """Raises UsageError where the rules contradict themselves."""
    if not isinstance(rules.id, str) or not rules.id:
        usage("id", "name the column of the identifiers")
    if rules.id == rules.updated_at:
        usage("updated_at", "one column can't be the identifier and the time")
    alias = rules.id_kind.startswith("user_alias:") and len(rules.id_kind) > len("user_alias:")
    if rules.id_kind not in ID_KINDS and not alias:
        usage("id_kind", f"{rules.id_kind!r} is none of {', '.join(ID_KINDS)}, user_alias:LABEL")
    if rules.nulls not in ("skip", "unset"):
        usage("nulls", f"{rules.nulls!r} is neither skip nor unset")
    for column, kind in rules.types.items():
        if kind not in TYPES:
            usage("types", f"{column}={kind}: the types are {', '.join(TYPES)}")
    for column in rules.columns:
        if column in rules.exclude:
            usage("exclude", f"column {column!r} is in columns too")
    return rules


def names_text(names: Sequence[str]) -> str:
    shown = ", ".join(names[: limits.COLUMNS_SHOWN_MAX])
    return shown + (", …" if len(names) > limits.COLUMNS_SHOWN_MAX else "")


class _Plan(NamedTuple):
    """What the cells of rows with certain columns become, by place."""

    names: Tuple[str, ...]
    id_at: Optional[int]
    time_at: Optional[int]
    attributes: List[Tuple[int, str, Setter]]


class RowMaker:
    """Makes rows. Keeps the plan for the last columns, as most rows have the same."""

    def __init__(
        self, rules: RowRules, setter_of: Optional[Callable[[str], Setter]] = None
    ) -> None:
        """`setter_of`: how the cells of a column become values; None: by the rules' types."""
        self.rules = rules
        converter = Converter(rules.zone)
        self.setter_of = setter_of or (lambda name: converter.setter(rules.types.get(name)))
        self._plan: Optional[_Plan] = None
        self._label = rules.id_kind.partition(":")[2]

    def check_columns(self, names: Sequence[Any], where: str) -> None:
        """For rows that all have the same columns: every column that was named must be there."""
        for name in names:
            if not isinstance(name, str):
                raise UsageError(f"{where}: a column's name is no text; rename the columns")
        if len(set(names)) != len(names):
            raise UsageError(f"{where}: a column is there twice; name each once")
        rules = self.rules
        wanted = [("id", rules.id), ("updated_at", rules.updated_at)]
        wanted += [("columns", name) for name in rules.columns]
        wanted += [("exclude", name) for name in rules.exclude]
        wanted += [("types", name) for name in rules.types]
        for argument, name in wanted:
            if name is not None and name not in names:
                usage(
                    argument,
                    f"there is no column {name!r}; the columns are {names_text(list(names))}",
                )
        count = len(self._plan_for(tuple(names)).attributes)
        if count == 0:
            raise UsageError(f"{where}: no column is left to send as an attribute")
        if count > limits.UPDATE_ATTRIBUTES_MAX:
            raise UsageError(
                f"{where}: {count} columns would become attributes; an update has "
                f"{limits.UPDATE_ATTRIBUTES_MAX} at most. Choose with columns or exclude"
            )

    def _plan_for(self, names: Tuple[str, ...]) -> _Plan:
        if self._plan is not None and self._plan.names == names:
            return self._plan
        rules = self.rules
        places = {name: at for at, name in enumerate(names)}
        left_out = {rules.id, rules.updated_at, *rules.exclude}
        attributes = [
            (at, name, self.setter_of(name))
            for name, at in places.items()
            if name not in left_out and (not rules.columns or name in rules.columns)
        ]
        time_at = None if rules.updated_at is None else places.get(rules.updated_at)
        self._plan = _Plan(names, places.get(rules.id), time_at, attributes)
        return self._plan

    def make(self, line: int, names: Tuple[str, ...], cells: Sequence[Any]) -> Row:
        """The row of these cells. Raises UsageError where a person has to decide."""
        rules = self.rules
        kept = dict(zip(names, cells)) if rules.keeps_cells else None
        plan = self._plan_for(names)
        update = customer_pb2.CustomerUpdate()
        column = rules.id
        try:
            self._set_customer(update.customer, None if plan.id_at is None else cells[plan.id_at])
            if rules.updated_at is not None:
                column = rules.updated_at
                cell = None if plan.time_at is None else cells[plan.time_at]
                if cell is UNSET or is_missing(cell) or isinstance(cell, str) and cell == "":
                    raise Refused("the time is empty")
                update.updated_at.seconds, update.updated_at.nanos = time_of(cell, rules.zone)
            for at, column, setter in plan.attributes:
                cell = cells[at]
                if cell is UNSET or rules.nulls == "unset" and is_missing(cell):
                    self._add(update, column, _set_null, None)
                elif not is_missing(cell):
                    self._add(update, column, setter, cell)
        except Refused as error:
            return Row(line, None, RefusedRow(line, column, str(error)), kept)
        except NeedsType as error:
            raise UsageError(
                f"row {line}: column {column!r}: {error}; say types={{{column!r}: 'double'}}, "
                "which rounds it, or 'string', which keeps every digit"
            ) from None
        return Row(line, update if update.attributes else None, None, kept)

    @staticmethod
    def _add(update: Any, name: str, setter: Setter, cell: Any) -> None:
        attribute = update.attributes.add()
        try:
            attribute.name = name
        except (UnicodeError, ValueError):
            raise Refused("the column's name is " + _NOT_UTF8) from None
        setter(attribute.value, cell)

    def _set_customer(self, customer: Any, cell: Any) -> None:
        if cell is UNSET or is_missing(cell) or isinstance(cell, str) and cell == "":
            raise Refused("the identifier is empty")
        text = self._identifier(cell)
        kind = self.rules.id_kind
        try:
            if kind in ID_KINDS:
                setattr(customer, kind, text)
            else:
                customer.user_alias.alias_name = text
                customer.user_alias.alias_label = self._label
        except (UnicodeError, ValueError):
            raise Refused(_NOT_UTF8) from None

    def _identifier(self, cell: Any) -> str:
        cell = plain(cell)
        is_text = self.rules.types.get(self.rules.id) == "string"
        if isinstance(cell, bool):
            raise Refused("the identifier must be text or an integer, not true or false")
        if isinstance(cell, (int, uuid.UUID)):
            return str(cell)
        if isinstance(cell, str):
            if _LOOKS_FLOAT.fullmatch(cell) and not is_text:
                usage(
                    "id",
                    "an identifier looks like 1234.0: " + FLOAT_ID + f". If they really look so: "
                    f"types={{{self.rules.id!r}: 'string'}}",
                )
            return str.__str__(cell)
        if isinstance(cell, float):
            raise Refused("the identifier is a float; make the column .astype('Int64'), or text")
        if isinstance(cell, decimal.Decimal) and cell.is_finite() and cell == int(cell):
            return str(int(cell))  # As databases give for NUMBER(38, 0).
        raise Refused(f"the identifier must be text or an integer, not {describe(cell)}")


def _set_null(out: Any, _cell: Any) -> None:
    out.null_value = 0


def as_names(value: Union[None, str, Sequence[str]], argument: str) -> Tuple[str, ...]:
    """Names of columns, also as text with commas."""
    if value is None:
        return ()
    names = value.split(",") if isinstance(value, str) else list(value)
    if not all(isinstance(name, str) and name for name in names):
        usage(argument, "give the names of columns")
    return tuple(names)
