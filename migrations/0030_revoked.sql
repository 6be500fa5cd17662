-- A feature may take back what it sold: the system makes the refund.

ALTER TABLE payments.refund
    DROP CONSTRAINT refund_cause_check,
    ADD CONSTRAINT refund_cause_check
        CHECK (cause IN ('asked', 'rejected', 'revoked', 'late', 'double', 'amount'));
