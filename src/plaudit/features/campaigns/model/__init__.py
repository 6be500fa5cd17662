"""Pure values and rules of campaigns.

``terms`` has what a revision promises, ``checking`` makes it from what a screen sends and
compares two. ``happenings`` is what is heard of the journal, ``triggers`` (with ``readers`` and
``attributes``) how facts become that. ``conditions`` compiles and traces conditions, ``contradictions`` finds
those that can never be true; ``strategies`` say what counts are worth. ``catalogue`` knows which campaigns
are in force, ``resolution`` which of several count, ``sentences`` how it reads.
"""
