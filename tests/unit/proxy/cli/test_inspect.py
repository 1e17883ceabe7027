"""`waypost explain` and `waypost rewrite`: what becomes of a message, without sending it."""

import base64
import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.keys.token_keys import new_token_key, write_token_keys
from proxy.cli.inspect import explain, rewrite
from tests.support.hostile import FORMULA, TITLE, obeyed
from tests.support.mail import HEAD, html_message, link, multipart
from tracker.tokens import PATH, Keyring, read

URL = "https://example.com/a"
MESSAGE = html_message(
    link(URL + "?x=1&amp;y=[2]") + link("https://example.com/b", "clicktracking=off"),
    "X-Track-Person: 7",
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a command in an empty folder, where there is no configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAYPOST_CONFIG", raising=False)
    monkeypatch.setattr("config.loading.config_file.PLACES", (Path("waypost.toml"),))
    return lambda command, *args, **more: CliRunner().invoke(command, args, **more)


@pytest.fixture
def message(tmp_path):
    """Return the path of a message."""
    path = tmp_path / "message.eml"
    path.write_bytes(MESSAGE)
    return str(path)


def test_explain_shows_each_link_and_why(run, message):
    """In a table, with the message's own facts above."""
    result = run(explain, message)
    assert result.exit_code == 0
    assert "1 links tracked, 1 left alone" in result.stdout
    assert "person: 7" in result.stdout
    assert re.search(r"https://example.com/a\?x=1&y=\[2\] +│ tracked", result.stdout)
    assert re.search(r"/b +│ skipped +│ clicktracking_off: clicktracking=off", result.stdout)


@pytest.mark.parametrize(
    ("headers", "line", "told"),
    [
        ((), "Spring (the subject without what is the reader's)", ["Spring", "template"]),
        (("X-Track-Campaign: x",), "x (as a header of the message says)", ["x", "header"]),
    ],
)
def test_explain_shows_the_campaign_and_where_it_comes_from(run, tmp_path, headers, line, told):
    """Of two mailings that are one campaign, or one that is two, somebody wants to know why."""
    (tmp_path / "m").write_bytes(html_message(link(URL), *headers))
    assert f"campaign: {line}\n" in run(explain, "m").stdout
    found = json.loads(run(explain, "--json", "m").stdout)
    assert [found["campaign"], found["campaign_from"]] == told


def test_explain_names_what_is_in_the_way_and_the_cure(run, tmp_path):
    """The header and its line, as the program that wrote it needs mending."""
    head = "Subject: x\r\nFrom: a@example.com, b@example.com\r\n"
    (tmp_path / "m").write_bytes(html_message(link(URL), head=head))
    said = run(explain, "m").stdout
    assert "found: header From, line 2: several addresses\n" in said
    assert "cure: set one From with one address" in said
    found = json.loads(run(explain, "--json", "m").stdout)["diagnosis"]
    assert (found["what"], found["header"], found["line"]) == ("several addresses", "from", 2)


def test_explain_says_why_there_is_no_campaign(run, tmp_path):
    """A subject that is only the reader's name is no campaign's."""
    head = "From: a@example.com\r\nTo: Anna <a@example.net>\r\nSubject: Anna\r\n"
    (tmp_path / "m").write_bytes(html_message(link(URL), head=head))
    assert "campaign: - (nothing is left of the subject" in run(explain, "m").stdout


def test_explain_prints_csv(run, message, tmp_path):
    """A line for each link, and one for what the columns are."""
    head, first, second = run(explain, "--csv", message).stdout.splitlines()
    assert head == "url,decision,reason,group,part"
    assert first == f"{URL}?x=1&y=[2],tracked,,{URL}?x=1&y=[2],1"
    assert second.startswith("https://example.com/b,skipped,clicktracking_off,")
    (tmp_path / "empty.eml").write_bytes(html_message("no link"))
    assert run(explain, "--csv", str(tmp_path / "empty.eml")).stdout.splitlines() == [head]


def test_explain_prints_json(run, message):
    """In the form that is promised."""
    told = json.loads(run(explain, "--json", message).stdout)
    assert told["untouched"] is None
    assert told["growth_octets"] > 0
    assert told["links"] == [
        {"url": URL + "?x=1&y=[2]", "decision": "tracked", "reason": None,
         "group": URL + "?x=1&y=[2]", "part": "1"},
        {"url": "https://example.com/b", "decision": "skipped", "reason": "clicktracking_off",
         "group": "https://example.com/b", "part": "1"},
    ]  # fmt: skip


@pytest.mark.parametrize("command", [[explain], [explain, "--json"], [rewrite, "-c", TITLE]])
def test_what_a_message_says_moves_no_cursor(run, tmp_path, command):
    """Subject, group and link are the sender's; a file may be called anything."""
    words = base64.b64encode(f"{TITLE}\r\n\u202e".encode()).decode()
    html = link(f"{URL}?{TITLE}", f"data-link-group='{TITLE}'") + link(
        URL, f'data-link-group="{FORMULA}"'
    )
    head = HEAD.replace("Spring", f"=?utf-8?b?{words}?=")
    (tmp_path / "m").write_bytes(html_message(html, f"X-Track-Person: {TITLE}", head=head))
    result = run(*command, "m")
    assert obeyed(result.stdout + result.stderr) == set()
    assert r"\u001b]0;owned\u0007" in result.stdout + result.stderr


def test_a_group_that_is_a_formula_is_text(run, tmp_path):
    """Raw where it is wanted."""
    (tmp_path / "m").write_bytes(html_message(link(URL, f"data-link-group='{FORMULA}'")))
    (safe,) = csv.DictReader(io.StringIO(run(explain, "--csv", "m").stdout))
    (raw,) = csv.DictReader(io.StringIO(run(explain, "--csv", "--raw", "m").stdout))
    assert (safe["group"], raw["group"]) == (f"'{FORMULA}", FORMULA)


def test_links_are_told_in_their_order(run, tmp_path):
    """Whatever the decision."""
    html = "".join(link(f"{URL}{n}", "data-track=" + str(n % 2)) for n in range(6))
    (tmp_path / "m").write_bytes(html_message(html))
    told = json.loads(run(explain, "--json", "m").stdout)
    assert [each["url"] for each in told["links"]] == [f"{URL}{n}" for n in range(6)]


def test_explain_says_why_a_message_is_left_alone(run, tmp_path):
    """By the reason's name, and in words."""
    (tmp_path / "m").write_bytes(html_message(link(URL), "X-Track-Links: odd [value]"))
    result = run(explain, "m")
    assert "untouched: tracking_off (a header of the message" in result.stdout
    assert "odd header: the value of x-track-links" in result.stdout
    assert json.loads(run(explain, "m", "--json").stdout)["growth_octets"] == 0


def test_explain_warns_of_clipping(run, tmp_path):
    """Where tracking makes a message too long for Gmail."""
    html = link(URL) + "<p>text</p>\r\n" * (101_950 // 13)
    (tmp_path / "m").write_bytes(html_message(html))
    assert "clipped: " in run(explain, "m").stdout


def test_rewrite_writes_what_the_relay_would_get(run, message):
    """Our headers are gone, links are tracked, all else stays; octets, not text."""
    result = run(rewrite, message)
    written = result.stdout_bytes
    assert result.exit_code == 0
    assert b"X-Track-Person" not in written
    tracked = re.search(rb"http://127.0.0.1:8080/c/[\w-]+", written)[0]
    original = MESSAGE.replace(b"X-Track-Person: 7\r\n", b"")
    assert written.replace(tracked, (URL + "?x=1&amp;y=[2]").encode()) == original


def test_rewrite_reads_standard_input(run):
    """A message that is not changed comes out as it went in."""
    message = b"From: a@example.com\nSubject: \xff\n\n\x00\xff<a href='http://x/'>"
    result = run(rewrite, input=message)
    assert result.stdout_bytes == message
    assert "untouched: no_links" in result.stderr


def test_files_with_unix_line_ends_are_judged_as_they_would_be_sent(run, tmp_path):
    """And written as they were."""
    (tmp_path / "m").write_bytes(MESSAGE.replace(b"\r\n", b"\n"))
    (tmp_path / "waypost.toml").write_text(
        '[[sender]]\ndomain = "example.com"\n[[sender.dkim]]\nselector = "s"\nkey_file = "no"\n'
    )
    assert json.loads(run(explain, "--json", "m").stdout)["untouched"] is None
    assert b"\r" not in run(rewrite, "m").stdout_bytes


def test_without_a_configuration_the_defaults_are_shown(run, message):
    """And it is said, where it does not disturb."""
    result = run(explain, "--json", message)
    assert "no configuration found" in result.stderr
    assert "lead nowhere" in result.stderr


def test_with_a_configuration_previews_redirect(run, message, tmp_path):
    """They carry the mark that keeps them from being counted."""
    key = new_token_key()
    write_token_keys(tmp_path / "token.keys", [key])
    (tmp_path / "waypost.toml").write_text(
        '[tracking]\nbase_url = "https://t.example.net"\n[keys]\nfile = "token.keys"\n'
        '[[sender]]\ndomain = "example.com"\n'
    )
    result = run(rewrite, "-c", str(tmp_path / "waypost.toml"), message)
    token = re.search(rf"https://t.example.net{PATH}([\w-]+)", result.stdout)[1]
    found = read(Keyring([key]), token)
    assert (found.preview, found.destination) == (True, URL + "?x=1&y=[2]")
    assert result.stderr == ""


def test_the_configured_senders_decide(run, message, tmp_path):
    """As they do for mail that is sent."""
    (tmp_path / "waypost.toml").write_text('[[sender]]\ndomain = "example.net"\n')
    told = json.loads(run(explain, "--json", message).stdout)
    assert told["untouched"] == "unknown_sender"
    assert [each["reason"] for each in told["links"]] == ["unknown_sender"] * 2
    assert told["growth_octets"] == 0


def test_a_message_that_is_not_there_is_a_clear_error(run):
    """With the exit status of wrong usage."""
    result = run(explain, "nothing.eml")
    assert result.exit_code == 2
    assert "nothing.eml" in result.stderr
    assert "No such file" in result.stderr


def test_an_unusable_configuration_is_a_clear_error(run, message, tmp_path):
    """With every problem on its line."""
    (tmp_path / "bad.toml").write_text("[tracking]\nbase_urk = 1\n")
    result = run(rewrite, "-c", "bad.toml", message)
    assert result.exit_code == 1
    assert "bad.toml:2: tracking.base_urk" in result.stderr


def test_parts_are_told_apart(run, tmp_path):
    """By their place in the message."""
    part = b"Content-Type: text/html\r\n\r\n" + link(URL).encode()
    file = b"Content-Disposition: attachment\r\n" + part
    (tmp_path / "m").write_bytes(multipart("mixed", part, file))
    told = json.loads(run(explain, "--json", "m").stdout)["links"]
    assert [(each["part"], each["reason"]) for each in told] == [("1", None), ("2", "attachment")]


def test_explain_says_whose_mail_it_judges(run, message, tmp_path):
    """No file says who will hand it in."""
    judged = "judged as: sent by a client that is trusted"
    assert f"{judged}\n" in run(explain, message).stdout
    (tmp_path / "waypost.toml").write_text(
        '[[sender]]\ndomain = "example.com"\naccounts = ["alice"]\n'
    )
    told = run(explain, message).stdout
    assert f"{judged}, and is one of `accounts` of example.com\n" in told
    assert "1 links tracked" in told
