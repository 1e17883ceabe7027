"""How `waypost doctor` prints. What it finds: `tests/e2e/operations/test_doctor.py`."""

import json
from pathlib import Path

import pytest

from tests.support.clinic import Clinic
from tests.support.commands import run


def test_each_finding_is_a_line_with_its_name_and_its_cure_below(clinic: Clinic) -> None:
    """And the last line counts them."""
    asked = f"127.0.0.1:{clinic.names.port}"
    said = run("doctor", "-c", clinic.stack.config, "--resolver", asked, status=1).splitlines()
    at = next(at for at, line in enumerate(said) if line.endswith("[links_unreachable]"))
    assert said[at].startswith("problem links         http://127.0.0.1:")
    assert said[at + 1].strip().startswith("cure: start `waypost tracker`")
    assert said[-1].startswith("1 problem")


def test_for_programs_a_result_has_five_fields(clinic: Clinic) -> None:
    """What is well has neither name nor cure."""
    asked = f"127.0.0.1:{clinic.names.port}"
    told = json.loads(
        run("doctor", "--json", "-c", clinic.stack.config, "--resolver", asked, status=1)
    )
    assert set(told) == {"ok", "results"}
    assert {tuple(each) for each in told["results"]} == {
        ("topic", "level", "finding", "what", "cure")
    }
    assert all((each["finding"] is None) == (each["cure"] is None) for each in told["results"])


def test_a_configuration_that_nothing_starts_with_is_all_that_is_told(tmp_path: Path) -> None:
    """With the hint of `waypost check` as its cure."""
    file = tmp_path / "waypost.toml"
    file.write_text("[proxy]\nlisten_to = 25\n")
    said = run("doctor", "-c", file, status=1)
    assert f"{file}:2: proxy.listen_to" in said
    assert "relay" not in said.replace("[configuration", "").split("\n")[0]


def test_options_that_make_no_sense_are_usage_errors(clinic: Clinic) -> None:
    """Exit status 2."""
    file = clinic.stack.config
    assert "--from goes with --send" in run("doctor", "-c", file, "--from", "a@b.example", status=2)
    assert "no resolver to ask" in run("doctor", "-c", file, "--resolver", "nowhere", status=2)


@pytest.mark.parametrize(
    "typed", ["nobody", "\u00fc@example.net", "a@b.example\r\nRCPT TO:<c@b.example>"]
)
def test_what_no_server_takes_for_an_address_is_a_usage_error(clinic: Clinic, typed: str) -> None:
    """Before anything is tried."""
    file = clinic.stack.config
    assert "is no address in ASCII" in run("doctor", "-c", file, "--send", typed, status=2)
    send = ("--send", "a@b.example")
    assert "is no address in ASCII" in run("doctor", "-c", file, *send, "--from", typed, status=2)
