-- The history of an intercom is read page by page, the latest code first; ids begin with the moment
-- at which they were made.
CREATE INDEX codes_in_order ON codes (intercom_id, id);
