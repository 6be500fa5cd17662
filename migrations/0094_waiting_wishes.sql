-- Presale: who waits for more seats than anybody may have any more is found without looking at all who wait.

CREATE INDEX waiting_wishes ON presale.waiting (tenant_id, offer, quantity) WHERE state = 'waiting';
