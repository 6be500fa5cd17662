"""The command line. Each group of commands has a file; what is listed here is what `plaudit` offers."""

from plaudit.app.cli import (
    backtest,
    backup,
    bench,
    demo,
    doctor,
    jobs,
    migrate,
    rebuild,
    reconcile,
    replay,
    reseal,
    serve,
    settings,
    simulate,
    tenant,
)
from plaudit.app.cli.main import cli, main

__all__ = ["cli", "main"]

cli.add_command(serve.serve)
cli.add_command(serve.worker_command)
cli.add_command(migrate.migrate_command)
cli.add_command(settings.settings_command)
cli.add_command(tenant.tenant)
cli.add_command(doctor.doctor)
cli.add_command(jobs.jobs)
cli.add_command(demo.demo)
cli.add_command(replay.replay)
cli.add_command(simulate.simulate)
cli.add_command(rebuild.rebuild)
cli.add_command(reseal.reseal)
cli.add_command(reconcile.reconcile_command)
cli.add_command(backtest.backtest)
cli.add_command(backup.backup)
cli.add_command(backup.restore)
cli.add_command(bench.bench)
