-- Caps of a plan: live dialings, and calls per second, of all campaigns with it.
ALTER TABLE plan ADD COLUMN max_dialings INTEGER;
ALTER TABLE plan ADD COLUMN calls_per_second INTEGER;
