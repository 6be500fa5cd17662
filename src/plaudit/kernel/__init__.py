"""Pure values everything else is built from: money, rates, ids, time, actors, refusals, pages.

Standard library only; no input or output, no clock of its own (a clock is handed in), no randomness.
"""
