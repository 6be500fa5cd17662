"""Tests of the technical means."""
