"""WeChat Pay, API version 3, for a merchant of its own (not a service provider)."""

from plaudit.features.payments.providers.wechat.channel import wechat
from plaudit.features.payments.providers.wechat.settings import WechatSecrets, WechatSettings

__all__ = ["WechatSecrets", "WechatSettings", "wechat"]
