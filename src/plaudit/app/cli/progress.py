"""What the commands of the house tell while they work, on standard error: standard output is for results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Advance: TypeAlias = Callable[[int, int], None]
"""Is told (how much is done, of how much)."""


class Steps:
    """Names each step of a longer work; on a terminal with a bar that moves and the time it has taken."""

    def __init__(self, *, console: Console | None = None) -> None:
        """Write to `console`, standard error when not given."""
        self._console = console or Console(stderr=True, highlight=False)

    def tell(self, text: str) -> None:
        """Write a line of its own: a step that shows its progress by other means begins."""
        self._console.print(text, soft_wrap=True)

    @contextmanager
    def step(self, text: str) -> Iterator[Advance]:
        """Show `text` until the end of the block; the bar is drawn once its function is called.

        Without a terminal the text is written once, as a line. Steps do not nest, for there is one last line.
        """
        if not self._console.is_terminal:
            self._console.print(text, soft_wrap=True)
            yield _unseen
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(text, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _unseen(_done: int, _total: int) -> None:
    """Take progress where nobody watches."""
