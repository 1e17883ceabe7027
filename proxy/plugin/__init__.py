"""Waypost as a handler of aiosmtpd, for programs that run that server already."""

from proxy.plugin.handler import Handler

__all__ = ["Handler"]
