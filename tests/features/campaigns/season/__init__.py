"""A season of real payments, six campaigns over it written by hand, and what each of them has to give.

`payments` reads the file, `six` has the terms, `reference` works out every grant in plain loops. None of the
three shares code with the feature.
"""
