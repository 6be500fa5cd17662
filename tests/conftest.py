"""Registers the fixtures of tests/kit for every test."""

pytest_plugins = ["tests.kit.fixtures"]
