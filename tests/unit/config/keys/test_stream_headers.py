"""Header fields of the stream: what a file must hold, and what is said of any other."""

from pathlib import Path

import pytest

from config.keys.secret_files import KeyFileError
from config.keys.stream_headers import read_stream_headers


def held(folder: Path, content: bytes) -> Path:
    """Return a file with this content, which only we may read."""
    path = folder / "stream.headers"
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_each_line_is_a_field(tmp_path: Path) -> None:
    """Blank lines and remarks are none."""
    content = b"# of ClickHouse\r\nX-ClickHouse-User: waypost\r\n\nAuthorization:Bearer a b=\n"
    found = read_stream_headers(held(tmp_path, content))
    assert found == {"X-ClickHouse-User": "waypost", "Authorization": "Bearer a b="}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "holds no header field"),
        (b"# nothing\n", "holds no header field"),
        (b"X-A: b\nBearer abc\n", "holds no header field in line 2"),
        (b"X-A: \xc3\xa4\n", "holds no header field in line 1"),
        (b"X-A: b\x00c\n", "holds no header field in line 1"),
        (b"X-A:\n", "holds no header field in line 1"),
        (b"content-length: 3\n", "holds content-length in line 1"),
        (b"Transfer-Encoding: chunked\n", "holds Transfer-Encoding in line 1"),
    ],
)
def test_what_is_no_field_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    """With its line, and never with its value, which may be a secret."""
    with pytest.raises(KeyFileError) as raised:
        read_stream_headers(held(tmp_path, content))
    assert raised.value.what == what
    assert "abc" not in str(raised.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """It holds a password."""
    path = held(tmp_path, b"Authorization: Bearer abc\n")
    path.chmod(0o640)
    with pytest.raises(KeyFileError):
        read_stream_headers(path)
