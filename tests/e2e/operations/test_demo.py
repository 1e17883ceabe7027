"""`waypost demo`, which is what `make run` shows."""

import re
import signal
import smtplib
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.clients.programs import WAYPOST, stop


def wait_for(log: Path, text: str, within_s: float = 60) -> str:
    """Return what the demo has printed, once it holds `text`."""
    deadline = time.monotonic() + within_s
    while text not in (printed := log.read_text()):
        assert time.monotonic() < deadline, printed
        time.sleep(0.1)
    return printed


@pytest.fixture(scope="module")
def once() -> subprocess.CompletedProcess[str]:
    """Run the demo to its end, as scripts do."""
    return subprocess.run(
        [WAYPOST, "demo", "--once"], capture_output=True, text=True, check=False, timeout=90
    )


def test_demo_ends_well_and_complains_of_nothing(
    once: subprocess.CompletedProcess[str],
) -> None:
    """Exit status 0, and nothing on standard error."""
    assert (once.returncode, once.stderr) == (0, "")


def test_demo_shows_where_each_click_leads(once: subprocess.CompletedProcess[str]) -> None:
    """Tracked links are printed whole, with the destination that the author wrote."""
    assert len(re.findall(r"http://127\.0\.0\.1:\d+/c/[\w-]{40,}\n", once.stdout)) == 4
    assert "leads to https://shop.example.com/orders/1042?ref=mail&copy=1\n" in once.stdout
    assert once.stdout.count("its DKIM signature is valid") == 2


def test_demo_reports_its_own_clicks(once: subprocess.CompletedProcess[str]) -> None:
    """Two messages, one click each, everybody clicked."""
    total = next(line for line in once.stdout.splitlines() if "Total" in line)
    assert re.findall(r"[\d.]+%?", total)[:2] == ["2", "2"]
    assert "100.0%" in total


def test_demo_takes_mail_until_it_is_interrupted(tmp_path: Path) -> None:
    """It stays up, shows what an application sends it, and Ctrl-C ends it cleanly."""
    log = tmp_path / "demo.log"
    with log.open("w") as output:
        demo = subprocess.Popen([WAYPOST, "demo"], stdout=output, stderr=subprocess.STDOUT)
    try:
        printed = wait_for(log, "Ctrl-C")
        found = re.search(r"Point an application at 127\.0\.0\.1:(\d+)", printed)
        assert found
        message = EmailMessage()
        message["From"], message["To"] = "shop@example.com", "reader@example.net"
        message["Date"], message["Message-ID"] = (
            "Mon, 23 Nov 2026 10:00:00 +0000",
            "<1@example.com>",
        )
        message["Subject"] = "Mine [bold]"
        message.set_content('<a href="https://example.com/mine">Mine</a>', subtype="html")
        with smtplib.SMTP("127.0.0.1", int(found[1]), timeout=20) as client:
            client.send_message(message)
        assert "Received: Mine [bold]" in wait_for(log, "Mine: http://127.0.0.1:")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0
    finally:
        stop(demo)
