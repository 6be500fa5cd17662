"""WeChat Pay API v3 from the channel's side. Source: its developer documents, pay.weixin.qq.com/doc/v3."""

from typing import Final

from plaudit.app.simulate.house import Make
from plaudit.app.simulate.wechat.notices import new_refund, new_transaction
from plaudit.app.simulate.wechat.server import Wechat

__all__ = ["MAKE"]

MAKE: Final = Make(channel=Wechat, new_transaction=new_transaction, new_refund=new_refund)
