-- Notifications: deliveries are listed by channel, too.

CREATE INDEX delivery_channel ON notifications.delivery (tenant_id, channel, number);
