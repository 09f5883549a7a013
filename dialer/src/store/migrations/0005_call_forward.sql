-- What is done with a call that the far end sends elsewhere: 0 refused, 1 followed.
ALTER TABLE plan ADD COLUMN call_forward INTEGER NOT NULL DEFAULT 0;
