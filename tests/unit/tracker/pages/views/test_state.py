"""The page of the state."""

from pathlib import Path

import pytest
import trustme

from config.keys import token_keys
from config.schema import Config, StreamConfig, WebhookConfig
from tests.support.clients.admin import Client
from tests.support.told_fixtures import SCRIPT, read, rows
from tracker.admin.admin import Admin
from tracker.pages.views.state import size
from tracker.spool.stream_offset import StreamOffset
from tracker.store.file.file_store import FileStore


async def _facts(client: Client) -> dict[str, str]:
    page = read((await client.ask("/state")).body)
    return {each.get_text(): each.find_next("dd").get_text() for each in page.select("dt")}


@pytest.mark.usefixtures("told")
async def test_the_store_is_told_of(client: Client) -> None:
    """What it holds, how large it is, and with which versions."""
    facts = await _facts(client)
    assert (facts["Messages counted"], facts["Deliveries counted"]) == ("1", "2")
    assert facts["Clicks counted"] == "5, machines included"
    assert facts["Latest message"] == "21 Sep 2026 14:13 UTC"
    assert facts["On disk"].endswith("iB")
    assert {"Waypost", "SQLite", "Python", "Tables of the store"} <= facts.keys()


@pytest.mark.usefixtures("told")
async def test_the_last_click_and_that_nothing_waits_are_told(client: Client) -> None:
    """Before anything else."""
    text = read((await client.ask("/state")).body).get_text(" ", strip=True)
    assert "All that came is counted." in text
    assert "made on 22 Sep 2026 03:50 UTC" in text


async def test_what_is_not_counted_is_told(client: Client, config: Config) -> None:
    """As a segment that cannot be read."""
    (config.store.spool_dir / "proxy-0000000001-10-00000000000000aa.log").mkdir(parents=True)
    page = read((await client.ask("/state")).body)
    assert page.select_one(".late").get_text(" ", strip=True).startswith("Incomplete.")


async def test_keys_and_certificate_are_told_without_secrets(
    client: Client, admin: Admin, tmp_path: Path
) -> None:
    """Which keys there are, and until when the certificate holds."""
    path = tmp_path / "token.keys"
    keys = (token_keys.new_token_key(),)
    token_keys.write_token_keys(path, [*keys, token_keys.new_token_key(keys)])
    chain = tmp_path / "chain.pem"
    trustme.CA().issue_cert("click.example.com").cert_chain_pems[0].write_to_path(chain)
    keyed = admin.config.keys.model_copy(update={"file": path})
    secured = admin.config.tracker.model_copy(update={"tls_cert": chain})
    admin.config = admin.config.model_copy(update={"keys": keyed, "tracker": secured})
    facts = await _facts(client)
    assert facts["Key 1"].endswith("for links in earlier mail")
    assert facts["Key 2"].endswith("new links have it")
    assert facts["Certificate"].startswith("holds until")
    chain.write_text("nonsense")
    path.write_text("nonsense")
    facts = await _facts(client)
    assert facts["Certificate"].startswith("cannot be read now")
    assert facts["Key file"].startswith("cannot be read now")


WEBHOOK = """
    INSERT INTO webhooks (name, sent, sent_at_s, failures, error, failed_at_s)
    VALUES ('crm', 7, 1790000000, 3, ?, 1790000100)
"""


@pytest.mark.usefixtures("told")
async def test_webhooks_are_told_of(client: Client, admin: Admin, config: Config) -> None:
    """What waits for each and what went wrong; a receiver's own words are those of others."""
    webhook = WebhookConfig.model_validate(
        {"name": "crm", "url": "https://crm.example.com/hook", "secret_file": "/x"}
    )
    admin.config = config.model_copy(update={"webhook": (webhook,)})
    opened = FileStore.open(config.store.path)
    with opened.transaction():
        opened.db.execute(WEBHOOK, [SCRIPT])
    opened.close()
    (row,) = rows(read((await client.ask("/state")).body), "webhooks")
    assert row == [
        f"crm last failed 21 Sep 2026 14:15 UTC: {SCRIPT}",
        *("failing", "0", "0", "7", "21 Sep 2026 14:13 UTC"),
    ]


@pytest.mark.parametrize(
    ("octets", "text"),
    [(0, "0 octets"), (1023, "1023 octets"), (2048, "2.0 KiB"), (3 << 30, "3.0 GiB")],
)
def test_sizes_have_a_unit(octets: int, text: str) -> None:
    """The one that people would use."""
    assert size(octets) == text


async def test_nothing_may_be_asked_of_it(client: Client) -> None:
    """Not even what other pages take."""
    assert (await client.ask("/state?period=7")).status == 400


@pytest.mark.usefixtures("told")
async def test_the_stream_is_told_of(client: Client, admin: Admin, config: Config) -> None:
    """What waits for its receiver, and why."""
    assert "Events taken" not in await _facts(client)
    admin.config = config.model_copy(update={"stream": StreamConfig(url="https://a.example/")})
    config.store.spool_dir.mkdir(exist_ok=True)
    StreamOffset(events=7, sent_at_s=1_790_000_000.0).save(config.store.spool_dir)
    facts = await _facts(client)
    assert (facts["State"], facts["Events taken"]) == ("working", "7")
    assert facts["Counted, and not taken yet"] == "0 octets"
    assert facts["Last taken"] == "21 Sep 2026 14:13 UTC"
    StreamOffset(failing="answered 500", failing_since_s=1_790_000_000.0).save(
        config.store.spool_dir
    )
    facts = await _facts(client)
    assert facts["State"] == "failing, since 21 Sep 2026 14:13 UTC: answered 500"
    assert facts["Last taken"] == "never"
