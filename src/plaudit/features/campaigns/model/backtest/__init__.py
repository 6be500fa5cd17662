"""Backtests: a revision judged over facts of the past by the engine that judges live, and what it costs."""
