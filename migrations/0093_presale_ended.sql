-- Presale: a deposit is forfeited only where its balance could be paid as long as was promised.

ALTER TABLE presale.show ADD COLUMN ended_at timestamptz;   -- when its organiser ended it

-- It was not kept when: those of before count as ended when they began, which is for the good of who paid a deposit.
UPDATE presale.show SET ended_at = starts_at WHERE state = 'ended';
ALTER TABLE presale.show ADD CHECK ((state = 'ended') = (ended_at IS NOT NULL));
