"""Append-only files of which no lost line takes anything back, and watching them."""
