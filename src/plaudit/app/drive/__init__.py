"""The driving side: replays of real broadcasts, generated shows and load, over HTTP like any other client.

Nothing here touches the database or the core; a remote server is driven in the same way as one's own.
"""
