"""The only SQL of tipping.

``catalogue`` holds what tips are decided by, ``tips`` the projections of what was tipped, ``paid`` which tip
was sent for which amount due.
"""
