"""Remembers which rows the latest batches consist of."""

from __future__ import annotations

import collections
from typing import Any, Deque, Dict, List, NamedTuple, Optional, Tuple

from peaksync import limits
from peaksync.rows import RefusedRow


class Place(NamedTuple):
    line: int
    cells: Optional[Dict[str, Any]]


class PlaceBook:
    """From (batch, place) back to the row. Bounded: the oldest batch is forgotten."""

    def __init__(self) -> None:
        self._batches: Deque[Tuple[int, List[Place]]] = collections.deque(
            maxlen=limits.BATCHES_REMEMBERED_MAX
        )

    def add(self, sequence: int, line: int, cells: Optional[Dict[str, Any]]) -> None:
        """The next row of batch `sequence`."""
        if not self._batches or self._batches[-1][0] != sequence:
            self._batches.append((sequence, []))
        self._batches[-1][1].append(Place(line, cells))

    def find(
        self, ack: Any, id_column: str, time_column: Optional[str]
    ) -> List[Tuple[RefusedRow, Optional[Dict[str, Any]]]]:
        """The refused updates of an acknowledgement, one a row: several reasons are joined.

        `id_column` and `time_column` stand for what the service calls customer and updated_at.
        """
        batches = dict(self._batches)
        names = {"customer": id_column, "updated_at": time_column or "updated_at", "attributes": ""}
        found: List[Tuple[RefusedRow, Optional[Dict[str, Any]]]] = []
        before = None
        for invalid in ack.invalid:
            column = names.get(invalid.field, invalid.field)
            key = (invalid.sequence, invalid.index)
            if key == before:
                row, cells = found[-1]
                more = f"{column}: {invalid.reason}" if column else invalid.reason
                found[-1] = (row._replace(reason=f"{row.reason}; {more}"), cells)
                continue
            before = key
            places = batches.get(invalid.sequence, [])
            known = invalid.index < len(places)
            place = places[invalid.index] if known else Place(0, None)
            found.append((RefusedRow(place.line, column, invalid.reason), place.cells))
        return found
