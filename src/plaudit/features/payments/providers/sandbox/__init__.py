"""A channel to try everything with: it keeps its own trades, signs its callbacks, publishes its bills.

Payments treats it as any other. The one difference is where it keeps its books: behind a port (`Trades`),
in tables of the same database.
"""

from plaudit.features.payments.providers.sandbox.channel import Sandbox
from plaudit.features.payments.providers.sandbox.settings import SandboxSecrets, SandboxSettings
from plaudit.features.payments.providers.sandbox.signing import Callback, signed
from plaudit.features.payments.providers.sandbox.trades import Entry, Trade, TradePayment, TradeRefund, Trades

__all__ = [
    "Callback",
    "Entry",
    "Sandbox",
    "SandboxSecrets",
    "SandboxSettings",
    "Trade",
    "TradePayment",
    "TradeRefund",
    "Trades",
    "signed",
]
