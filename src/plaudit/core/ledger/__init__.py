"""What it moved: double entry for everything scarce.

``book`` decides on locked values in memory, ``posting`` locks and writes, ``accounts`` knows every account
by address, ``holds`` and ``reversals`` build the plans that every feature shares, ``balances`` and
``statements`` read, ``audit`` proves. Nothing but ``posting`` writes an entry.
"""
