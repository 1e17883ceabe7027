"""The live part of `waypost demo`; the whole of it runs in `tests/e2e/operations/test_demo.py`."""

import asyncio
from pathlib import Path

from proxy.policy import Policy
from proxy.rewrite import plan
from waypost_demo import command, set_up
from waypost_demo.inbox import Inbox, listening
from waypost_demo.links import tracked_links

SITE = "http://localhost:8082"


def test_each_sample_has_links_to_be_tracked(tmp_path: Path) -> None:
    """One of each is clicked."""
    policy = Policy.from_config(set_up.set_up(tmp_path, 2600, SITE).config)
    assert all(plan(each.content, policy).links for each in command.samples(SITE))


async def test_a_sample_passes_the_running_proxy_and_its_link_leads_to_the_site(
    tmp_path: Path,
) -> None:
    """Through real SMTP and HTTP."""
    inbox, stop = Inbox(), asyncio.Event()
    async with listening(inbox) as port:
        demo = set_up.set_up(tmp_path, port, SITE)
        async with command.running(demo.config, stop):
            sample = command.samples(SITE)[0]
            await asyncio.to_thread(command.send, demo.config, sample)
            (_, href), *_ = tracked_links(inbox.messages[0].content)
            led_to = await asyncio.to_thread(command.click_link, href)
    assert led_to.startswith(f"{SITE}/orders/")
