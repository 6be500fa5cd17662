"""What features hand to their stores unopened: a connection in a transaction, and the database to read from.

Stores speak to the database; everything else of a feature only passes these on. So the names are here, and
how to connect, listen and execute is not: no statement is run outside a store, and the tests of the house
see to that.
"""

from plaudit.platform.db import Connection, Database

__all__ = ["Connection", "Database"]
