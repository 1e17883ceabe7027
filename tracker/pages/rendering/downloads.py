"""Tables as files of CSV (RFC 4180).

Owns: the answer and its name.
Does not own: the rows, or which text a spreadsheet takes for a formula (`config.cli.listing`).
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from config.cli.listing import csv_lines
from tracker.answers.responses import UNCACHED

_IN_MEMORY_OCTETS = 1024 * 1024
_PIECE_OCTETS = 64 * 1024
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_CHARACTERS = 60


def csv_file(name: str, rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> Response:
    """Return rows of these columns as a file to save, called `name` and `.csv`.

    All rows are written, to a nameless file where they are many, before this returns: what fails is told
    as an error and not as half a file, and nothing is read from the store while a client takes its time.
    """
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY_OCTETS)  # noqa: SIM115 - closed once it was sent
    try:
        file.writelines(line.encode() for line in csv_lines(rows, columns))
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    headers = UNCACHED | {
        "content-disposition": f'attachment; filename="{_file_name(name)}.csv"',
        "content-length": str(size),
    }
    return StreamingResponse(
        _pieces(file),
        media_type="text/csv; charset=utf-8",
        headers=headers,
        background=BackgroundTask(file.close),
    )


def _file_name(name: str) -> str:
    return _UNFIT.sub("-", name).strip("-.")[:_NAME_CHARACTERS] or "waypost"


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_OCTETS):
            yield piece
