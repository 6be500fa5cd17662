"""The verbs of invitations: open a link, save rules and pictures, reward, refuse, take back."""

from plaudit.features.invitations.actions.links import open_link
from plaudit.features.invitations.actions.rewards import (
    announce_due,
    refuse_ticket,
    reward_ticket,
    take_back_reward,
)
from plaudit.features.invitations.actions.rules import save_picture, save_rule

__all__ = [
    "announce_due",
    "open_link",
    "refuse_ticket",
    "reward_ticket",
    "save_picture",
    "save_rule",
    "take_back_reward",
]
