"""Tables without end as files of CSV (RFC 4180): sent as rows come, however many there are.

Owns: the answer, in pieces.
Does not own: the rows, or tables that are made before they are sent (`downloads`).
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from starlette.responses import Response, StreamingResponse

from config.cli.listing import csv_lines
from tracker.answers.responses import UNCACHED

ROWS_AT_ONCE = 500


def csv_stream(name: str, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> Response:
    """Return rows of these columns as a file to save, called `name` and `.csv`.

    The first rows are made before this returns, so that what fails at once is told as an error; what fails
    later breaks the answer off. Rows are made no faster than the client reads, in whatever thread.
    """
    lines = csv_lines(rows, columns)
    begun = list(itertools.islice(lines, ROWS_AT_ONCE))
    headers = UNCACHED | {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(
        _pieces(begun, lines), media_type="text/csv; charset=utf-8", headers=headers
    )


def _pieces(begun: list[str], rest: Iterator[str]) -> Iterator[bytes]:
    piece = begun
    while piece:
        yield "".join(piece).encode()
        piece = list(itertools.islice(rest, ROWS_AT_ONCE))
