"""Tables as files of CSV (RFC 4180).

Owns: the answer, in pieces as rows come, and its name.
Does not own: the rows, or which text a spreadsheet takes for a formula (`config.cli.listing`).
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from starlette.responses import Response, StreamingResponse

from config.cli.listing import csv_lines
from tracker.answers.responses import UNCACHED

_ROWS_AT_ONCE = 500
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_CHARACTERS = 60


def csv_file(name: str, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> Response:
    """Return rows of these columns as a file to save, called `name` and `.csv`.

    The first rows are made before this returns, so that what fails at once is told as an error.
    """
    lines = csv_lines(rows, columns)
    begun = list(itertools.islice(lines, _ROWS_AT_ONCE))
    headers = UNCACHED | {"content-disposition": f'attachment; filename="{_file_name(name)}.csv"'}
    return StreamingResponse(
        _pieces(begun, lines), media_type="text/csv; charset=utf-8", headers=headers
    )


def _file_name(name: str) -> str:
    return _UNFIT.sub("-", name).strip("-.")[:_NAME_CHARACTERS] or "waypost"


def _pieces(begun: list[str], rest: Iterator[str]) -> Iterator[bytes]:
    piece = begun
    while piece:
        yield "".join(piece).encode()
        piece = list(itertools.islice(rest, _ROWS_AT_ONCE))
