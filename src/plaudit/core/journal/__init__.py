"""What happened: append-only facts with dense positions per tenant, in commit order.

Facts are appended by ``append``, read by ``read``, followed by ``subscriptions``; their personal text
stands beside them in ``private`` and may be erased. Nothing here knows what a fact means or what it
moved.
"""
