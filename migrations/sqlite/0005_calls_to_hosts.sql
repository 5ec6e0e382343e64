-- Since when the guests of an intercom are shown its owner's number where they need help; NULL
-- while they are not. The number itself is the owner's own, as it is at that moment.
ALTER TABLE devices ADD COLUMN guests_may_call_since INTEGER;
