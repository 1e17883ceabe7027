"""A message as it arrived. With a running Waypost: `tests/e2e/operations/test_doctor.py`."""

import time

import pytest

from config.loading.load import load
from tests.support.clinic import Clinic
from tracker.tokens import Link, mint, new_message_id, tracked_url
from waypost_doctor.findings import Kind
from waypost_doctor.message import arrived
from waypost_doctor.patient import Patient

HEAD = b"From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n"


@pytest.mark.parametrize(
    "message",
    [
        HEAD + b'\r\n<a href="https://t.example/c/AAAA_-1">x</a>\r\n',
        HEAD + b"\r\n<a href='https://t.example/c/AAAA_-1'>x</a> https://t.example/about\r\n",
        HEAD
        + b'Content-Transfer-Encoding: quoted-printable\r\n\r\n<a href=3D"https://t.exam=\r\nple/c/AAAA_-1">x</a>\r\n',
        b"From: a@example.com\r\n\r\nSee https://t.example/c/AAAA_-1 for more.\r\n",
    ],
)
def test_tracked_links_are_found_however_the_body_is_encoded(message: bytes) -> None:
    """In HTML, else in plain text."""
    assert arrived.tracked_links(message) == ["https://t.example/c/AAAA_-1"]


def test_a_link_of_other_keys_is_none_of_ours(clinic: Clinic) -> None:
    """And nobody clicks it."""
    patient = Patient(load(clinic.stack.config), clinic.names.resolver())
    message = HEAD + b'\r\n<a href="https://t.example/c/AAAA_-1">x</a>\r\n'
    told = [each.kind for each in arrived.test(patient, message)]
    assert told == [Kind.NOT_SIGNED, Kind.NO_LINK_ARRIVED]


def test_lines_of_a_file_may_end_as_they_do_on_this_machine(clinic: Clinic) -> None:
    """Mail programs save them with LF alone."""
    patient = Patient(load(clinic.stack.config), clinic.names.resolver())
    link = Link(new_message_id(), 1, 1, int(time.time()), "https://example.com/")
    url = tracked_url("http://127.0.0.1:1", mint(patient.keyring, link))
    message = HEAD + f'\r\n<a href="{url}">x</a>\r\n'.encode()
    told = [each.kind for each in arrived.test(patient, message.replace(b"\r\n", b"\n"))]
    assert told == [Kind.NOT_SIGNED, Kind.LINKS_UNREACHABLE]
