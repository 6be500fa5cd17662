"""The engine: from facts in the order of the journal to what is granted, taken back and withheld.

``batch`` is the way through it. ``life`` folds what happened to campaigns, ``foreseeing`` is the first pass
over facts (who matches them, what of earlier ones must be judged again), ``needs`` says what must be known
between both, ``judging`` and ``settling`` are the second (who counts, what it is worth). ``state`` and
``purse`` are what it goes on from, ``verdicts`` what it ends with. Live and in a backtest it is the same.
"""
