"""What stands in for SMS and push until there is a provider: a log line without any personal text."""

from plaudit.features.notifications.model.contacts import Channel
from plaudit.features.notifications.model.deliveries import Failed, Sent
from plaudit.features.notifications.model.messages import Parcel
from plaudit.platform import log

_log = log.logger("notifications")


class LoggingCarrier:
    """Says in the log that something would have been sent; the receipt says so as well."""

    def __init__(self, channel: Channel) -> None:
        """Stand in for a channel."""
        self._channel = channel

    async def send(self, parcel: Parcel) -> Sent | Failed:
        """Log which delivery it is, of which kind; neither its text nor where it goes."""
        _log.info(
            "not sent, only logged",
            channel=self._channel,
            tenant_id=parcel.tenant_id,
            delivery=parcel.delivery,
            kind=parcel.kind,
        )
        return Sent(receipt="log")
