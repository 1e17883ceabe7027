"""`waypost link`: a tracked link for SMS, push, chat or print.

Owns: the command.
Does not own: what may be asked for (`tracker.minting.request`), and the link itself
(`tracker.minting.mint`).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import click
from pydantic import ValidationError

from config.cli.options import config_option
from config.cli.output import Problems, echo
from config.schema import Config
from tracker.cli.common import as_service_user, keyring_of, log_errors_only
from tracker.minting.mint import mint_once
from tracker.minting.request import CannotMake, LinkRequest, problems_of


@click.command()
@click.argument("url")
@click.option("--person", help="Whose link it is: an address, or your own id.")
@click.option("--campaign", help="The campaign it counts for.")
@click.option("--group", help="What reports call the link, instead of its URL.")
@click.option(
    "--sender",
    metavar="DOMAIN",
    help="The domain of a [[sender]], whose tracking host and switches count.",
)
@click.option("--track/--no-track", default=True, help="Whether clicks are counted (they are).")
@click.option(
    "--url-params/--no-url-params",
    default=True,
    help="Whether [tracking.url_params] are added (they are).",
)
@click.option("--short", is_flag=True, help="Give a short link, which needs a file to live on.")
@config_option
def link(config: Config, **options: object) -> None:
    """Print a tracked link to URL, for SMS, push, chat or print.

    Every call makes a new one, which reports count like a message with one link.
    """
    log_errors_only(config)
    try:
        request = LinkRequest.model_validate(options)
        with _registry(config) as register:
            echo(mint_once(config, keyring_of(config), request, register).url)
    except ValidationError as error:
        raise _refusal(problems_of(error)) from None
    except CannotMake as error:
        raise _refusal([(error.field, str(error))]) from None
    except PermissionError as error:
        raise as_service_user(error) from None
    except OSError as error:
        raise click.ClickException(f"no link was made: {error}") from None


def _registry(config: Config) -> AbstractContextManager[Callable[[str, str], bool]]:
    """Return what has all nodes know a code; on one machine nobody else has to, nor is any of it imported."""
    if config.store.engine == "sqlite":
        return nullcontext(lambda _code, _token: True)
    from tracker.nodes import codes  # noqa: PLC0415 - see above

    return codes.registry(config.store)


def _refusal(problems: list[tuple[str, str]]) -> Problems:
    """Return the error that names each option and what is wrong with it."""
    options = {"url": "URL"}
    return Problems(f"{options.get(field, f'--{field}')}: {problem}" for field, problem in problems)
