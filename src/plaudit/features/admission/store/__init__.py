"""Admission's SQL: media servers, the projection of shows, and places."""
