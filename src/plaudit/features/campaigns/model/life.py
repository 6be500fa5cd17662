"""The life of a campaign: its revisions from draft to approval, where it stands, and who may move it on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from plaudit.features.campaigns.model.sentences import State as Stage
from plaudit.features.campaigns.model.terms import Terms
from plaudit.kernel.actor import Actor
from plaudit.kernel.ids import valid_name
from plaudit.kernel.refusal import Refusal, conflict, forbidden, invalid, not_found, refused
from plaudit.vocabulary.facts.campaigns import PauseCause

REASON_MAX: Final = 500

_decode: Final = msgspec.json.Decoder(Terms).decode

RevisionState: TypeAlias = Literal["draft", "submitted", "approved", "rejected", "discarded"]
State: TypeAlias = Literal[
    "draft", "submitted", "rejected", "discarded", "scheduled", "running", "paused", "ended"
]
"""Before the first approval that of the newest revision, after it by the clock, a pause or an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as its rows have it.

    `newest` is its newest revision, `approved` the newest that was approved, whose period `starts_at` to
    `ends_at` is. `paused` is an operator's pause, `dry` the position of a pause for want of budget.
    """

    id: str
    created_at: datetime
    newest: int
    approved: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    paused: bool = False
    dry: int | None = None
    ended_at: datetime | None = None
    seed: bytes | None = None

    def state(self, now: datetime, *, newest: RevisionState) -> State:
        """Return where it stands; `newest` is the state of its newest revision."""
        if self.ended_at is not None:
            return "ended"
        if self.approved is None or self.starts_at is None or self.ends_at is None:
            return "draft" if newest == "approved" else newest
        if now >= self.ends_at:
            return "ended"
        if self.pause is not None:
            return "paused"
        return "scheduled" if now < self.starts_at else "running"

    def stage(self, now: datetime) -> Stage:
        """Return where an approved campaign stands to viewers; "dry": its budget is used up for now."""
        state = self.state(now, newest="approved")
        if state == "paused":
            return "dry" if self.pause == "budget" else "paused"
        return "ended" if state == "ended" else "scheduled" if state == "scheduled" else "running"

    @property
    def pause(self) -> PauseCause | None:
        """Return why it stands still, None where it does not."""
        if self.paused:
            return "operator"
        return "budget" if self.dry is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One revision: `sent` is the JSON as it was written, `terms` the text whose SHA-256 is `terms_hash`.

    It is wanted from `wanted_from` on (None: from its approval), and once approved holds for facts that
    happen from `effective_from` on. `reason` is why it was sent back.
    """

    campaign: str
    revision: int
    state: RevisionState
    author: str
    sent: bytes
    terms: bytes
    terms_hash: str
    saved_at: datetime
    maker: str | None = None
    checker: str | None = None
    wanted_from: datetime | None = None
    effective_from: datetime | None = None
    reason: str | None = None
    submitted_at: datetime | None = None
    checked_at: datetime | None = None


def terms_in(revision: Revision) -> Terms:
    """Return the terms of a revision as they were checked."""
    return _decode(revision.terms)


def in_force(approved: Sequence[Revision], *, now: datetime) -> Revision:
    """Return which of the approved revisions, newest first, holds now; the first one before any does."""
    return next((one for one in approved if (one.effective_from or now) <= now), approved[-1])


def check_campaign(campaign: str) -> str:
    """Return the id of a campaign. Raises Refusal `body.invalid` (INVALID) for what is no name."""
    if not valid_name(campaign):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="campaign"
        )
    return campaign


def check_person(*, actor: Actor, viewer: str | None) -> str:
    """Return who is asked about: the viewer that is named, else the one whose token asks.

    Raises Refusal `scope.missing` (FORBIDDEN) when a token asks about somebody else, and `body.invalid`
    (INVALID) when nobody is meant, or the id breaks the rule of names.
    """
    if viewer is None:
        if actor.kind != "viewer":
            raise invalid("body.invalid", "Say which viewer is meant.", field="viewer")
        return actor.id
    if actor.kind in {"viewer", "creator"} and actor.text != f"viewer/{viewer}":
        raise forbidden("scope.missing", f"This token speaks for {actor.text} alone; ask about that person.")
    return check_viewer(viewer)


def check_dimensions(named: Mapping[str, str | None]) -> dict[str, str]:
    """Return those of a creator, room and show that are named. Raises Refusal `body.invalid` (INVALID)."""
    found = {field: name for field, name in named.items() if name is not None}
    for field, name in found.items():
        if not valid_name(name):
            raise invalid(
                "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field=field
            )
    return found


def check_viewer(viewer: str) -> str:
    """Return the id of a viewer. Raises Refusal `body.invalid` (INVALID) for what is no name."""
    if not valid_name(viewer):
        raise invalid(
            "body.invalid", "Write ids with letters, digits and _ . : @ -, at most 64.", field="viewer"
        )
    return viewer


def check_reason(reason: str) -> str:
    """Return the reason without blanks around it. Raises Refusal `body.invalid` (INVALID) without one."""
    text = reason.strip()
    if not 1 <= len(text) <= REASON_MAX or "\0" in text:
        raise invalid("body.invalid", f"Give a reason of 1 to {REASON_MAX} characters.", field="reason")
    return text


def check_live(campaign: Campaign, *, now: datetime) -> None:
    """Raise Refusal `campaign.ended` (REFUSED) when a campaign is over, before its time or by it."""
    if campaign.ended_at is not None or (campaign.ends_at is not None and now >= campaign.ends_at):
        raise refused("campaign.ended", "This campaign is over; make another one.", campaign=campaign.id)


def check_approved(campaign: Campaign) -> None:
    """Raise Refusal `campaign.state` (CONFLICT) when no revision of a campaign was approved."""
    if campaign.approved is None:
        raise conflict("campaign.state", "Nothing of this campaign is approved; submit a revision first.")


def check_writable(revision: Revision, *, revises: int | None) -> None:
    """Raise Refusal (CONFLICT) unless the newest revision may be written anew or followed by another.

    `campaign.submitted` while it is under review; `campaign.stale` when it is not the one that the writer
    has read (`revises`, None: whatever it is).
    """
    if revises is not None and revises != revision.revision:
        raise conflict(
            "campaign.stale",
            "Somebody else has saved this campaign meanwhile; read its newest revision and change that.",
            revision=revision.revision,
        )
    if revision.state == "submitted":
        raise conflict(
            "campaign.submitted",
            "This revision is under review; reject or discard it before writing another.",
            revision=revision.revision,
        )


def check_state(revision: Revision, *wanted: RevisionState) -> None:
    """Raise Refusal `revision.state` (CONFLICT) unless a revision is in one of these states."""
    if revision.state not in wanted:
        raise conflict(
            "revision.state",
            f"This revision is {revision.state}; what you ask is for one that is {' or '.join(wanted)}.",
            revision=revision.revision,
            state=revision.state,
        )


def check_checker(*, makers: tuple[str | None, ...], checker: Actor) -> None:
    """Raise Refusal `checker.invalid` (FORBIDDEN) unless a person checks who is no maker."""
    if checker.kind != "staff":
        raise forbidden(
            "checker.invalid", "Only a person of the staff can approve or reject; use a staff key."
        )
    if checker.text in makers:
        raise forbidden("checker.invalid", "You made this yourself; let another person decide.")


def check_wanted(wanted_from: datetime | None, *, ends_at: datetime, now: datetime) -> None:
    """Raise Refusal `body.invalid` (INVALID) for terms that are to hold from the past or never.

    What has ended already raises it, too.
    """
    if ends_at <= now:
        raise invalid("body.invalid", "Let the campaign end in the future.", place="ends_at")
    if wanted_from is None:
        return
    if wanted_from < now:
        raise invalid(
            "body.invalid",
            "Let the terms hold from now on or later; leave it out for now.",
            field="effective_from",
        )
    if wanted_from >= ends_at:
        raise invalid("body.invalid", "Let the terms hold before the campaign ends.", field="effective_from")


def check_beginning(campaign: Campaign, *, starts_at: datetime, effective_from: datetime) -> None:
    """Raise Refusal `campaign.fixed` (CONFLICT) for a later beginning once a campaign has begun.

    That is so when it begins by an earlier revision, before these terms hold: it would run, and be told as
    one that does not.
    """
    if campaign.starts_at is not None and campaign.starts_at < min(starts_at, effective_from):
        raise conflict(
            "campaign.fixed",
            "The campaign begins before these terms hold; leave its beginning as it is.",
            place="starts_at",
        )


def unknown_campaign() -> Refusal:
    """Return the refusal of a campaign that there is not."""
    return not_found("campaign.unknown", "There is no such campaign; check its id.")


def unknown_revision() -> Refusal:
    """Return the refusal of a revision that there is not."""
    return not_found("revision.unknown", "There is no such revision of this campaign; list its revisions.")
