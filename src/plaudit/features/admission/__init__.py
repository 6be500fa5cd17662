"""Admission: who may watch a stream, answered to media servers."""
