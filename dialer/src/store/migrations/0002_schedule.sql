-- sc_mode: 0 off, 1 on. window_until is the end of the calling window whose
-- opening was acted on already: it does not start the campaign again.
ALTER TABLE campaign ADD COLUMN sc_mode INTEGER NOT NULL DEFAULT 0;
ALTER TABLE campaign ADD COLUMN sc_timezone TEXT;
ALTER TABLE campaign ADD COLUMN window_until INTEGER;
ALTER TABLE campaign ADD COLUMN next_campaign BLOB;
