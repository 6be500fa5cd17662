"""The root of the command line, and how errors end it."""

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

import click
import psycopg

from plaudit.app.supervisor import PortTakenError
from plaudit.kernel.refusal import Refusal
from plaudit.platform.crypto import SealError
from plaudit.platform.migrate import MigrationError
from plaudit.platform.postmaster.errors import EmbeddedServerError
from plaudit.platform.settings import Settings, SettingsError

EXIT_USAGE: Final = 2
EXIT_FAILED: Final = 1

_EXPECTED: Final = (
    EmbeddedServerError,
    MigrationError,
    PortTakenError,
    Refusal,
    SealError,
    SettingsError,
    psycopg.OperationalError,
)


# Stated with each command, not with the root alone: click makes a help option once for a command and
# keeps it, so a command that was first called without its root would answer to other names ever after.
HELP: Mapping[str, Any] = {"help_option_names": ["-h", "--help"]}


class Examples(click.Command):
    """A command whose help ends with examples."""

    def __init__(self, *args: Any, examples: tuple[str, ...] = (), **kwargs: Any) -> None:  # noqa: ANN401 - click's own
        """Take `examples`, one line each."""
        super().__init__(*args, **{**kwargs, "context_settings": dict(HELP)})
        self._examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples under the options."""
        super().format_epilog(ctx, formatter)
        if self._examples:
            with formatter.section("Examples"):
                for example in self._examples:
                    formatter.write_text(example)


@click.group(context_settings=dict(HELP))
@click.version_option(package_name="plaudit", prog_name="plaudit")
def cli() -> None:
    """Money and rewards for live streaming, on one double-entry ledger.

    Settings come from the environment (PLAUDIT_…); `plaudit settings` lists them. Without
    PLAUDIT_DATABASE_URL an embedded PostgreSQL keeps its data in PLAUDIT_DATA_DIR.
    """


def settings_from(overrides: Mapping[str, object | None]) -> Settings:
    """Return the settings of the environment, with those of the command line (variable → value) above them.

    Raises SettingsError.
    """
    given = {variable: str(value) for variable, value in overrides.items() if value is not None}
    return Settings.from_environment({**os.environ, **given})


def main() -> None:
    """Run the command line; what a person can mend ends with one sentence and exit code 1."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except _EXPECTED as error:
        click.echo(f"plaudit: {error}", err=True)
        sys.exit(EXIT_USAGE if isinstance(error, SettingsError) else EXIT_FAILED)
    sys.exit(code if isinstance(code, int) else 0)
