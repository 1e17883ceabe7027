"""Secrets and their files (token keys, DKIM keys, certificates), and the DNS records needed."""
