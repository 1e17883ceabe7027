"""Tests of one message: handed in here, or as it arrived; its signature, its link, the click."""
