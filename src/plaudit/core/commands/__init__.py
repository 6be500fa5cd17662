"""The one corridor for change: authorize, screen, decide under lock, record, commit, wake.

``command`` says what a command is, ``references`` keeps the rows it decides by, ``batch`` decides and
records a batch in one transaction, ``writer`` commits journal commands in groups, ``corridor`` is the door
that features and the edge use.
"""
