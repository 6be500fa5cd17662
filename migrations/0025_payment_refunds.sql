-- Refunds name the payment that they give back: an order may have been paid more than once.

ALTER TABLE payments.refund
    ADD COLUMN transaction text,                        -- the channel's number of the payment
    ADD COLUMN retries     smallint NOT NULL DEFAULT 0; -- how often it was tried again after the channel's no

-- What came in beside the payment that was kept goes back once.
CREATE UNIQUE INDEX refund_surplus ON payments.refund (tenant_id, intent, attempt, transaction)
    WHERE cause IN ('late', 'double', 'amount');
