-- outcome is what somebody at the call said that became of it, network what the
-- network alone says; call_back_at is when to call back, if that was said too.
ALTER TABLE dialing ADD COLUMN outcome TEXT;
ALTER TABLE dialing ADD COLUMN call_back_at INTEGER;
ALTER TABLE dialing ADD COLUMN network TEXT;
-- The number, 1 to 8, on which a call back was promised. Done reason 3: not to be
-- called again.
ALTER TABLE target ADD COLUMN call_back INTEGER;

-- Promised calls come before all others.
CREATE INDEX target_promised ON target (dial_list, id) WHERE state = 0 AND call_back IS NOT NULL;
