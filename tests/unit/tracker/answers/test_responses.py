"""Answers in JSON: exact, kept by no cache."""

import json

from hypothesis import given

from tests.support.hostile import hostile_text, obeyed
from tracker.answers.responses import UNCACHED, json_response


def test_headers_come_on_top_of_those_against_caches() -> None:
    """None of these is lost."""
    answer = json_response({"a": None}, 201, {"retry-after": "5"})
    assert (answer.status_code, json.loads(answer.body)) == (201, {"a": None})
    assert {*UNCACHED.items(), ("retry-after", "5")} <= set(answer.headers.items())


@given(hostile_text)
def test_json_is_exact_and_moves_no_cursor(text: str) -> None:
    """Whatever a campaign is called: curl prints it on a terminal."""
    body = json_response({text: [text]}).body
    assert json.loads(bytes(body)) == {text: [text]}
    assert obeyed(bytes(body).decode()) == set()
