"""The names of those counters of presale that are shown as well as decided by."""


def step_counter(*, offer: str, step: int) -> str:
    """Return the name of the counter of how many seats a price step has had, counted from 0."""
    return f"offer/{offer}/step/{step}"


def code_counter(*, offer: str, code: str) -> str:
    """Return the name of the counter of how many seats were ordered with a code."""
    return f"offer/{offer}/code/{code}"


def members_counter(*, group: str) -> str:
    """Return the name of the counter of a group's members, those who have not paid yet as well."""
    return f"group/{group}/members"


def paid_counter(*, group: str) -> str:
    """Return the name of the counter of a group's members who have paid."""
    return f"group/{group}/paid"
