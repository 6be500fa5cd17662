"""Jobs: what is done after a commit or on time, outside of any transaction, at least once.

The queue is procrastinate's, in the schema `jobs` of the same database. A job is enqueued on the caller's
own connection, so that it exists exactly if the transaction around it is committed. It is run by any process,
and again if that process dies: what it does outside needs an idempotency key made from its arguments, such
as the position of a fact. (Not from the job's number, which a restored backup gives out a second time.)

The queue keeps the machine's time; what a job does takes its time from the clock that it is handed.
"""

from plaudit.platform.jobs.job import Attempt, Ending, Job, Retry
from plaudit.platform.jobs.queue import Count, Dead, counts, dead, enqueue, enqueue_all, revive
from plaudit.platform.jobs.worker import Pace, Periodic, Worker

__all__ = [
    "Attempt",
    "Count",
    "Dead",
    "Ending",
    "Job",
    "Pace",
    "Periodic",
    "Retry",
    "Worker",
    "counts",
    "dead",
    "enqueue",
    "enqueue_all",
    "revive",
]
