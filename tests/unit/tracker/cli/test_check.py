"""`waypost check`: what is wrong with a configuration."""

import contextlib
import json
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.files import reserve
from config.files.store_header import APPLICATION_ID, FORM
from config.loading.load import load
from tests.support.commands import run
from tests.support.nodes import node
from tests.support.postgresql import url_of_new_store
from tracker.cli.check import EMPTY_STORE
from tracker.decisions.files import CONSENTS
from tracker.nodes.joining import join
from tracker.nodes.registry import NameTaken
from tracker.store.file import moved
from tracker.store.file.file_store import FileStore


def test_check_reports_problems_with_status_1(home: Path) -> None:
    """Every one, on a line of its own, then how many."""
    with (home / "waypost.toml").open("a") as file:
        file.write("colour = true\n[relais]\n")
    said = run("check", "-c", home / "waypost.toml", status=1).splitlines()
    assert said[-1] == f"{home}/waypost.toml: 2 problems"
    assert "colour: is not a key of [log]" in said[0]


def test_check_warns_of_a_file_that_others_may_change(home: Path) -> None:
    """Whoever writes it decides where mail goes."""
    (home / "waypost.toml").chmod(0o664)
    said = run("check", "-q", "-c", home / "waypost.toml")
    assert "can be changed by others (mode 0664)" in said


def test_check_is_json_on_demand(home: Path) -> None:
    """For tools."""
    (home / "token.keys").chmod(0o644)
    found = json.loads(run("check", "--json", "-c", home / "waypost.toml", status=1))
    assert found["ok"] is False
    assert found["warnings"] == []
    (problem,) = found["problems"]
    assert problem["key"] == "keys.file"
    assert isinstance(problem["line"], int)
    assert problem["hint"] == f"chmod 600 {home}/token.keys"


def test_check_is_strict_on_demand(home: Path) -> None:
    """A warning alone is status 0, unless asked otherwise."""
    file = home / "waypost.toml"
    file.write_text(file.read_text().replace("https://click", "http://click"))
    run("check", "-c", file)
    assert "[warning]" in run("check", "--strict", "-q", "-c", file, status=1)


def test_check_sums_up_what_is_set_up(home: Path) -> None:
    """An operator sees at a glance whether it is what was meant."""
    with (home / "waypost.toml").open("a") as file:
        file.write('[[sender]]\ndomain = "example.net"\n')
    said = run("check", "-c", home / "waypost.toml").splitlines()
    assert said[:-1] == [
        "takes mail on   127.0.0.1:2525, as mail.example.com",
        "hands it to     127.0.0.1:25, TLS opportunistic",
        "links begin     https://click.example.com/c/",
        "takes clicks on 127.0.0.1:8080",
        f"keeps them in   {home}/waypost.db",
        "sender          example.com: rewritten mail signed with waypost1 (rsa-sha256)",
        "sender          example.net: not signed by us",
        "token keys      1; number 1 makes new links",
    ]


def test_check_is_quiet_on_demand(home: Path) -> None:
    """For cron: nothing is said where nothing is wrong."""
    assert run("check", "-q", "-c", home / "waypost.toml").strip() == ""


def test_check_warns_of_what_is_often_left_untracked(home: Path) -> None:
    """By what the running proxy counts; a service is not kept from starting by mail of before."""
    metrics = home / "waypost.db.spool" / "metrics"
    metrics.mkdir(parents=True)
    (metrics / "proxy.prom").write_text(
        "# TYPE waypost_planned_messages counter\n"
        'waypost_planned_messages_total{outcome="several_from"} 30.0\n'
    )
    said = run("check", "--strict", "-q", "-c", home / "waypost.toml")
    assert "30 of 30 messages went out untracked since the proxy started: several_from" in said
    (warning,) = json.loads(run("check", "--json", "-c", home / "waypost.toml"))["warnings"]
    assert "waypost explain" in warning["hint"]


def test_a_store_with_nothing_in_it_takes_no_more_than_is_said(tmp_path: Path) -> None:
    """Of a tiny store, most of what its upgrade takes are the tables."""
    FileStore.open(tmp_path / "waypost.db").close()
    assert (tmp_path / "waypost.db").stat().st_size <= EMPTY_STORE


def test_check_warns_of_a_store_that_the_tracker_is_to_upgrade(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And that the disk is too small for it; a service is not kept from starting."""
    store = home / "waypost.db"
    with contextlib.closing(sqlite3.connect(store)) as conn:
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute("CREATE TABLE settings (name TEXT)")
    said = run("check", "--strict", "-q", "-c", home / "waypost.toml")
    assert f"store.url: {store} is of an earlier version" in said
    assert f"up to {store.stat().st_size + EMPTY_STORE} octets" in said
    assert "make room" not in said
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=4711))
    said = run("check", "-q", "-c", home / "waypost.toml")
    assert "(4711 octets are free: make room first)" in said
    with contextlib.closing(sqlite3.connect(store)) as conn:
        conn.execute(f"PRAGMA user_version = {FORM}")
    assert run("check", "-q", "-c", home / "waypost.toml").strip() == ""


def test_check_warns_of_a_disk_with_no_room_for_a_purge(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says how much has to be free; nothing is said where there is room, or no store."""
    with monkeypatch.context() as disk:
        disk.setattr(reserve, "_free_octets", lambda _store: 0)
        assert "reserve" not in run("check", "-q", "-c", home / "waypost.toml")
        FileStore.open(home / "waypost.db").close()
        said = run("check", "-q", "--strict", "-c", home / "waypost.toml")
    octets = 2 * reserve.wanted_octets(home / "waypost.db")
    assert "waypost.db.reserve, room for a purge on a full disk, cannot be kept" in said
    assert f"(make room: {octets} octets have to be free)" in said
    assert "reserve" not in run("check", "-q", "-c", home / "waypost.toml")


def on_server(home: Path, url: str, node: str = "a") -> Path:
    """Have the store be on a server; return the configuration."""
    file = home / "waypost.toml"
    text = file.read_text()
    store = f'url = "{url}"\nstate = "{home}"\nnode = "{node}"'
    before = f'url = "sqlite:///{home}/waypost.db"'
    assert before in text
    file.write_text(text.replace(before, store))
    return file


def test_check_asks_a_database_that_nodes_share(home: Path) -> None:
    """And says who answers."""
    file = on_server(home, url_of_new_store())
    said = run("check", "--strict", "-c", file)
    assert "\nwho answers     PostgreSQL 1" in said
    assert "as the role waypost; clocks 0.0 s apart; tables of this version" in said
    told = json.loads(run("check", "--json", "-c", file))
    assert (told["database"]["role"], told["database"]["tables"]) == ("waypost", "current")


def test_a_file_of_before_that_was_left_beside_is_no_store_any_more(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody upgrades it, or keeps room for a purge of it."""
    store = home / "waypost.db"
    FileStore.open(store).close()
    with contextlib.closing(sqlite3.connect(store)) as conn:
        conn.execute("PRAGMA user_version = 0")
    monkeypatch.setattr(reserve, "_free_octets", lambda _store: 0)
    file = on_server(home, url_of_new_store())
    assert run("check", "-q", "--strict", "-c", file).strip() == ""


def test_a_database_that_is_away_keeps_no_service_from_starting(home: Path) -> None:
    """So it is a warning, which only `--strict` minds; unless this node never heard what is in force."""
    file = on_server(home, f"postgresql:///w?host={home}")
    assert "no mail is taken before this node has heard" in run("check", "-q", "-c", file, status=1)
    CONSENTS.shared_of(load(file).store.file).touch()
    said = run("check", "-q", "-c", file)
    assert f"store.url: postgresql:///w?host={home}: " in said
    assert said.strip().endswith("[warning]")
    run("check", "-q", "--strict", "-c", file, status=1)
    join(load(file))


def test_what_keeps_a_service_from_starting_is_a_problem(home: Path, tmp_path: Path) -> None:
    """As the name of another machine: what refuses the start is what `check` says."""
    url = url_of_new_store()
    join(node(tmp_path / "other", url, "a"))
    file = on_server(home, url)
    said = run("check", "-q", "-c", file, status=1)
    assert "store.url: another machine is the node a" in said
    assert "[warning]" not in said
    with pytest.raises(NameTaken):
        join(load(file))


def test_a_node_that_is_silent_is_no_matter_of_a_configuration(home: Path, tmp_path: Path) -> None:
    """`waypost nodes` tells it."""
    url = url_of_new_store()
    join(node(tmp_path / "other", url, "b"))
    assert run("check", "-q", "--strict", "-c", on_server(home, url)).strip() == ""


def test_check_warns_of_a_store_that_was_copied_elsewhere(home: Path) -> None:
    """It is not the one to be named any more."""
    FileStore.open(home / "waypost.db").close()
    moved.give_up(home / "waypost.db", "postgresql:///w")
    said = run("check", "-q", "--strict", "-c", home / "waypost.toml")
    assert "waypost.db is being copied to postgresql:///w, or was" in said
