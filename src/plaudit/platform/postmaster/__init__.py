"""Running one PostgreSQL postmaster for several starters: binaries, account, folders, locks and the watchdog.

Kept apart from `platform.postgres` so that the watchdog, which lives as long as the server, loads no database
driver.
"""
