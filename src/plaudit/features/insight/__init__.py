"""Insight: page views, clicks, and the funnel from view to paid."""
