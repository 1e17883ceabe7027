"""The companion of the proxy: redirects, records and reports clicks."""
