"""How a serving process sets up its interpreter; benchmarks do the same."""

import gc

_YOUNG_MAX = 50_000
_MIDDLE_MAX = 20
_OLD_MAX = 100


def settle_memory() -> None:
    """Take what is alive now out of garbage collection and collect less often from here on.

    Called once start-up is over. Requests free what they use by reference counts; walking the start-up's
    modules and tables again and again costs several percent of the time and frees nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_MAX, _MIDDLE_MAX, _OLD_MAX)
