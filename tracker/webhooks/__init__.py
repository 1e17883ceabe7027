"""Sending events to webhooks: signed, bounded, and again until they are taken."""
