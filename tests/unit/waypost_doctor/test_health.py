"""`waypost healthcheck`: whether the services here answer."""

from tests.support.commands import run
from tests.support.stack import Stack


def test_services_that_run_are_well(stack: Stack) -> None:
    """Both, and each alone."""
    with stack.serving():
        for service in ((), ("proxy",), ("tracker",), ("serve",)):
            assert run("healthcheck", *service, "-c", stack.config) == "ok\n"


def test_a_service_that_does_not_run_is_told_with_its_addresses(stack: Stack) -> None:
    """Exit status 1; one that runs does not make the other well."""
    with stack.serving("tracker"):
        assert run("healthcheck", "tracker", "-c", stack.config) == "ok\n"
        said = run("healthcheck", "-c", stack.config, status=1)
    assert said == f"Error: [proxy] listen 127.0.0.1:{stack.smtp} does not answer\n"
    said = run("healthcheck", "tracker", "-c", stack.config, status=1)
    assert f"[tracker] admin_listen 127.0.0.1:{stack.admin} does not answer" in said


def test_a_listener_may_have_a_name(stack: Stack) -> None:
    """It is asked as any other."""
    text = stack.config.read_text()
    stack.config.write_text(text.replace(f"127.0.0.1:{stack.smtp}", f"localhost:{stack.smtp}"))
    said = run("healthcheck", "proxy", "-c", stack.config, status=1)
    assert said == f"Error: [proxy] listen localhost:{stack.smtp} does not answer\n"
    with stack.serving("proxy"):
        assert run("healthcheck", "proxy", "-c", stack.config) == "ok\n"


def test_no_key_is_needed(stack: Stack) -> None:
    """Whoever asks may be another user."""
    (stack.folder / "token.keys").unlink()
    assert "does not answer" in run("healthcheck", "-c", stack.config, status=1)
