"""Alipay's open platform from the channel's side. Source: its developer documents, opendocs.alipay.com."""

from typing import Final

from plaudit.app.simulate.alipay.notices import new_refund, new_transaction
from plaudit.app.simulate.alipay.server import Alipay
from plaudit.app.simulate.house import Make

__all__ = ["MAKE"]

MAKE: Final = Make(channel=Alipay, new_transaction=new_transaction, new_refund=new_refund)
