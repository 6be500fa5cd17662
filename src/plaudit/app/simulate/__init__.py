"""Simulators of payment channels: programs of their own, written from the channels' documents.

They stand on the other side of the wire. Nothing here knows how Plaudit handles payments; merchants' requests
are verified, answers and callbacks signed with real keys, and money moves between numbers in memory.
"""
