"""What is worth a warning of the mail that running proxies leave alone."""

from pathlib import Path

import pytest

from config.telemetry.left_mail import MENDABLE, frequent
from proxy.policy.reasons import Untouched


def wrote(folder: Path, process: str, **outcomes: int) -> None:
    """Write the metrics of a process, as it does itself."""
    lines = ["# TYPE waypost_planned_messages counter"]
    lines += [
        f'waypost_planned_messages_total{{outcome="{name}"}} {copies}.0'
        for name, copies in outcomes.items()
    ]
    altered = outcomes.get("relay_would_alter", 0)
    lines += [
        "# TYPE waypost_relay_alterations counter",
        f'waypost_relay_alterations_total{{alteration="line_too_long",header=""}} {altered - 1}.0',
        'waypost_relay_alterations_total{alteration="address_rewritten",header="to"} 1.0',
    ]
    (folder / f"{process}.prom").write_text("\n".join([*lines, ""]))


def test_what_is_left_alone_often_is_named(tmp_path: Path) -> None:
    """By all processes together, with what the relay would alter."""
    wrote(tmp_path, "proxy.1", changed=500, relay_would_alter=30)
    wrote(tmp_path, "proxy.2", changed=450, relay_would_alter=20)
    (found,) = frequent(tmp_path)
    assert found.what.startswith("50 of 1000 messages went out untracked")
    assert "relay_would_alter (line_too_long: 48, address_rewritten in to: 2)" in found.what
    assert "waypost explain" in found.hint


@pytest.mark.parametrize(
    "outcomes",
    [
        {"changed": 10, "several_from": 19},
        {"changed": 5000, "several_from": 20},
        {"changed": 10, "tracking_off": 5000, "no_links": 5000},
        {},
    ],
)
def test_what_is_rare_or_wanted_is_not(tmp_path: Path, outcomes: dict[str, int]) -> None:
    """Nobody would read warnings any more."""
    wrote(tmp_path, "proxy", **outcomes)
    assert list(frequent(tmp_path)) == []


def test_where_no_proxy_runs_there_is_nothing_to_say(tmp_path: Path) -> None:
    """Not even a folder."""
    assert list(frequent(tmp_path / "missing")) == []


def test_reasons_are_called_as_everywhere() -> None:
    """Each is one of docs/reasons.md."""
    assert MENDABLE - set(Untouched) == set()
