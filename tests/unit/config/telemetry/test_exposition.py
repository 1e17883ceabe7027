"""The metrics of several processes on one page."""

import os
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.telemetry import exposition
from config.telemetry.observe import SESSIONS_REFUSED
from tests.support.log_lines import capture_logs
from tests.support.waiting import until

OTHERS = """\
# HELP waypost_sessions_refused_total Clients turned away at once, by reason.
# TYPE waypost_sessions_refused_total counter
waypost_sessions_refused_total{reason="unit"} 41.0
# HELP waypost_of_tomorrow A metric that this version does not know.
# TYPE waypost_of_tomorrow gauge
waypost_of_tomorrow 7.0
"""


def written(directory: Path, process: str, text: str = OTHERS, age_s: float = 0) -> Path:
    """Leave the figures of another process."""
    path = directory / f"{process}{exposition.SUFFIX}"
    path.write_text(text)
    then_s = time.time() - age_s
    os.utime(path, (then_s, then_s))
    return path


def values(page: bytes, name: str) -> dict[str, float]:
    """Return the values of a sample by process, where its reason is "unit" or it has none."""
    return {
        sample.labels["process"]: sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
        if sample.name == name and sample.labels.get("reason") in {None, "unit"}
    }


def test_each_process_has_its_samples_in_one_metric(tmp_path: Path) -> None:
    """Told apart by a label; help and type stand once."""
    SESSIONS_REFUSED.labels("unit").inc()
    own = SESSIONS_REFUSED.labels("unit")._value.get()
    written(tmp_path, "proxy-0")
    written(tmp_path, "proxy-1", OTHERS.replace("41.0", "42.0"))
    page = exposition.page(tmp_path, "tracker")
    assert values(page, "waypost_sessions_refused_total") == {
        "tracker": own,
        "proxy-0": 41,
        "proxy-1": 42,
    }
    assert page.count(b"# TYPE waypost_sessions_refused_total counter\n") == 1


def test_a_metric_that_only_others_have_is_shown(tmp_path: Path) -> None:
    """They may be of a newer version, amid an upgrade."""
    written(tmp_path, "proxy")
    assert values(exposition.page(tmp_path, "tracker"), "waypost_of_tomorrow") == {"proxy": 7}


def test_who_ended_is_gone_from_the_page(tmp_path: Path) -> None:
    """Old figures are no figures."""
    written(tmp_path, "proxy", age_s=exposition.STALE_S + 1)
    assert values(exposition.page(tmp_path, "tracker"), "waypost_of_tomorrow") == {}


def test_without_others_the_page_is_ones_own(tmp_path: Path) -> None:
    """Also where nobody ever wrote anything."""
    page = exposition.page(tmp_path / "none", "serve")
    assert set(values(page, "waypost_sessions")) == {"serve"}


@pytest.mark.parametrize("text", ["waypost_x{", "no figures at all", "# TYPE x\n"])
def test_what_cannot_be_read_costs_nobody_elses_figures(text: str, tmp_path: Path) -> None:
    """The log says whose figures are missing."""
    written(tmp_path, "broken", text)
    written(tmp_path, "proxy")
    with capture_logs() as logged:
        page = exposition.page(tmp_path, "tracker")
    assert values(page, "waypost_of_tomorrow") == {"proxy": 7}
    assert [line["process"] for line in logged if line["event"] == "metrics_unreadable"] == [
        "broken"
    ]


def test_figures_are_kept_while_a_process_runs(tmp_path: Path) -> None:
    """For others to show, in a folder that is nobody else's, and taken away in the end."""
    directory = exposition.directory_of(tmp_path / "waypost.db.spool")
    with exposition.published(directory, "proxy"):
        until((directory / "proxy.prom").exists)
        assert "proxy" in values(exposition.page(directory, "tracker"), "waypost_sessions")
        assert {folder.stat().st_mode & 0o777 for folder in (directory, directory.parent)} == {
            0o700
        }
    assert list(directory.iterdir()) == []


def test_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Two proxies with one store do not write over each other's figures, nor take them away."""
    first, second, third = (tmp_path / f"proxy{number}.prom" for number in ("", ".2", ".3"))
    with exposition.published(tmp_path, "proxy"):
        until(first.exists)
        with exposition.published(tmp_path, "proxy"):
            until(second.exists)
            assert set(values(exposition.page(tmp_path, "tracker"), "waypost_sessions")) == {
                "tracker",
                "proxy",
                "proxy.2",
            }
        assert first.exists()
        assert not second.exists()
    assert not third.exists()


def test_a_folder_that_was_moved_away_leaves_nobody_a_name_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock in a folder that is elsewhere now holds no file here."""
    monkeypatch.setattr(exposition, "WRITE_S", 0.01)
    first, second = (tmp_path / "metrics" / f"proxy{number}.prom" for number in ("", ".2"))
    with exposition.published(tmp_path / "metrics", "proxy"):
        until(first.exists)
        (tmp_path / "metrics").rename(tmp_path / "moved")
        with exposition.published(tmp_path / "metrics", "proxy"):
            until(lambda: first.exists() and second.exists())
        until(lambda: first.exists() != second.exists())
        monkeypatch.setattr(exposition, "WRITE_S", 1000)
    assert list((tmp_path / "metrics").iterdir()) == []


def test_who_ends_takes_no_file_of_another_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose folder was moved away has none in the new one."""
    path = tmp_path / "metrics" / "proxy.prom"
    with exposition.published(tmp_path / "metrics", "proxy"):
        until(path.exists)
        (tmp_path / "metrics").rename(tmp_path / "moved")
        (tmp_path / "metrics").mkdir()
        written(tmp_path / "metrics", "proxy")
    assert path.read_text() == OTHERS


def test_a_name_is_free_again_when_its_process_was_killed(tmp_path: Path) -> None:
    """What it left behind is no process."""
    (tmp_path / "proxy.lock").touch()
    path = written(tmp_path, "proxy")
    assert path.read_text() == OTHERS
    with exposition.published(tmp_path, "proxy"):
        until(lambda: path.read_text() != OTHERS)


def test_figures_are_written_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be stale otherwise."""
    monkeypatch.setattr(exposition, "WRITE_S", 0.01)
    with exposition.published(tmp_path / "metrics", "proxy"):
        path = tmp_path / "metrics" / "proxy.prom"
        until(path.exists)
        for _ in range(2):
            before = path.read_text()
            SESSIONS_REFUSED.labels("again").inc()
            until(lambda before=before: path.read_text() != before)
        assert 'reason="again"} 2.0' in path.read_text()


def test_a_folder_that_cannot_be_written_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And mail goes on."""
    monkeypatch.setattr(exposition, "WRITE_S", 0.01)
    (tmp_path / "spool").write_text("a file where a folder should be")
    with capture_logs() as logged, exposition.published(tmp_path / "spool" / "metrics", "proxy"):
        until(lambda: bool(logged))
        time.sleep(0.1)
    assert [line["event"] for line in logged] == ["metrics_unwritten"]
