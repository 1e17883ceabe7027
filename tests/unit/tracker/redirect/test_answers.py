"""The answers that readers get, as values."""

import json

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from tracker.listener.http1 import Answer
from tracker.redirect import answers

FIXED = {name: value for name, value in vars(answers).items() if isinstance(value, Answer)}
destinations = st.from_regex(r"https?://[\x21-\x7e]{1,60}", fullmatch=True)


@pytest.mark.parametrize("answer", FIXED.values(), ids=FIXED)
def test_every_answer_tells_its_length_and_type(answer: Answer) -> None:
    """Each once, whatever other headers there are."""
    headers = dict(answer.all_headers)
    assert len(headers) == len(answer.all_headers)
    assert headers[b"content-length"] == b"%d" % len(answer.body)
    assert headers[b"content-type"] == answer.content_type


def test_only_what_never_changes_may_be_kept_by_caches() -> None:
    """A click that a cache answers is not counted; so is a pixel, and a link that is restored."""
    kept = {
        name for name, each in FIXED.items() if (b"cache-control", b"no-store") not in each.headers
    }
    assert kept == {"ROBOTS"}
    for each in (answers.redirection("https://a.test/"), answers.resolution("https://a.test/")):
        assert (b"cache-control", b"no-store") in each.headers


@given(destinations)
def test_a_redirection_names_the_destination_twice(destination: str) -> None:
    """In Location octet for octet, and as a link that a browser reads as the same URL."""
    answer = answers.redirection(destination)
    assert (answer.status, dict(answer.headers)[b"location"]) == (302, destination.encode())
    page = BeautifulSoup(answer.body.decode(), "html.parser")
    assert [anchor["href"] for anchor in page.find_all("a")] == [destination]


@given(destinations)
def test_an_app_reads_the_destination_in_json(destination: str) -> None:
    """Nothing but that."""
    answer = answers.resolution(destination)
    assert (answer.status, answer.content_type) == (200, b"application/json")
    assert json.loads(answer.body) == {"url": destination}


def test_files_for_phones_are_json_as_they_are() -> None:
    """Apple's has no extension, and yet wants this type."""
    answer = answers.well_known(b'{"a": 1}')
    assert (answer.status, answer.content_type, answer.body) == (
        200, b"application/json", b'{"a": 1}'
    )  # fmt: skip


@given(destinations)
def test_the_head_of_a_redirection_is_that_of_its_fields(destination: str) -> None:
    """It is put together in another way, as there is one for each click."""
    answer = answers.redirection(destination, "origin")
    fields = Answer(answer.status, answer.content_type, answer.body, answer.headers)
    assert answer.head == fields.head
