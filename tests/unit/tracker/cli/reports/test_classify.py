"""`waypost classify`: verdicts on a trace, without a configuration."""

import json
from pathlib import Path

import pytest

from tests.support.commands import run

MESSAGE = {
    "type": "message",
    "message_id": "a",
    "sent_at_s": 1000,
    "links": 3,
    "recipients": 1,
    "domain": "d",
}
BROWSER = [
    ["User-Agent", "Mozilla/5.0 (X11; rv:80.0)"],
    ["Accept", "text/html"],
    ["Accept-Language", "en"],
]
REQUEST = {
    "type": "request", "ts": 9000.5, "message_id": "a", "recipient": 1, "link": 1, "method": "GET",
    "https": True, "headers": BROWSER, "ip": "192.0.2.1",
}  # fmt: skip


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Return a trace of a person's click and a HEAD an hour later."""
    lines = [MESSAGE, REQUEST, REQUEST | {"method": "HEAD", "ts": 12_600}]
    file = tmp_path / "trace.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_json_has_a_line_for_each_request(trace: Path) -> None:
    """In order."""
    found = [json.loads(line) for line in run("classify", "--json", trace).splitlines()]
    assert found == [
        {"human": True, "doubtful": False, "score": 0, "reasons": []},
        {"human": False, "doubtful": False, "score": 100, "reasons": ["head/1"]},
    ]


def test_people_get_a_table_and_totals(trace: Path) -> None:
    """With each rule that spoke."""
    found = run("classify", trace)
    assert "2 requests: 1 human, 1 of machines" in found
    assert "1 copies with a human click" in found
    assert "1 head/1" in found


def test_standard_input_is_read() -> None:
    """As `-`."""
    assert run("classify", "--json", "-", stdin=json.dumps(MESSAGE) + "\n\n") == ""


def test_a_line_that_is_none_is_named(trace: Path) -> None:
    """By its number, with the reason; no verdict is printed."""
    with trace.open("a") as file:
        file.write('{"type": "request"}\nnonsense\n')
    found = run("classify", "--json", trace, status=1)
    assert "line 4: ts: Field required" in found
    assert "line 5: Invalid JSON" in found
    assert "human" not in found


def test_a_file_that_is_not_there_is_an_error_of_usage(tmp_path: Path) -> None:
    """Exit status 2."""
    assert "No such file" in run("classify", tmp_path / "none", status=2)
