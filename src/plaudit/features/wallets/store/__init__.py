"""The only SQL of wallets.

``adjustments`` holds the corrections that wait for a second person, ``packs`` what top-ups are decided by.
"""
