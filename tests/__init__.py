"""Tests of Plaudit; the folders mirror src/plaudit."""
