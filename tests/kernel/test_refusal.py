"""Refusals say what they are, to programs and to people."""

import copy
import pickle
from collections.abc import Callable

import pytest

from plaudit.kernel import refusal
from plaudit.kernel.actor import Actor
from plaudit.kernel.refusal import Refusal, RefusalKind


def test_details_and_text() -> None:
    no = refusal.refused("wallet.insufficient", "Buy coins first.", missing_minor=5, gifts=["rose"])
    assert no.kind is RefusalKind.REFUSED
    assert no.details == {"missing_minor": 5, "gifts": ["rose"]}
    assert no.retry_after_s is None
    assert str(no) == "wallet.insufficient: Buy coins first."
    assert "missing_minor" in repr(no)


@pytest.mark.parametrize(
    ("factory", "kind"),
    [
        (refusal.invalid, RefusalKind.INVALID),
        (refusal.unauthenticated, RefusalKind.UNAUTHENTICATED),
        (refusal.forbidden, RefusalKind.FORBIDDEN),
        (refusal.not_found, RefusalKind.NOT_FOUND),
        (refusal.conflict, RefusalKind.CONFLICT),
        (refusal.refused, RefusalKind.REFUSED),
    ],
)
def test_a_factory_for_each_kind(factory: Callable[..., Refusal], kind: RefusalKind) -> None:
    no = factory("a.code", "Do this.", limit=3)
    assert (no.kind, no.code, no.message, no.details) == (kind, "a.code", "Do this.", {"limit": 3})


def test_the_kinds_that_say_when_to_come_back() -> None:
    assert refusal.limited("rate.limited", "Wait.", retry_after_s=2).retry_after_s == 2
    no = refusal.busy("queue.full", "Wait.", retry_after_s=1, waiting=8192)
    assert (no.kind, no.retry_after_s, no.details) == (RefusalKind.BUSY, 1, {"waiting": 8192})


def test_a_refusal_is_raised_copied_and_pickled_whole() -> None:
    no = refusal.busy("queue.full", "Wait.", retry_after_s=1, waiting=8192)
    with pytest.raises(Refusal, match=r"queue\.full"):
        raise no
    for twin in (copy.copy(no), pickle.loads(pickle.dumps(no))):  # noqa: S301 - our own bytes
        assert repr(twin) == repr(no)
        assert twin.retry_after_s == 1


def test_actors_as_text() -> None:
    actor = Actor("viewer", "v1")
    assert actor.text == "viewer/v1"
    assert Actor.parse("viewer/v1") == actor
    for text in ("", "viewer", "viewer/", "/v1", "robot/v1"):
        with pytest.raises(ValueError, match="names no actor"):
            Actor.parse(text)
