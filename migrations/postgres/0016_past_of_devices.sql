-- What happened to a device before somebody took it off their account is not told to whoever else
-- claims it.

-- Who took it off their account, while it is on none: claimed by them, it has all as before.
ALTER TABLE devices ADD COLUMN taken_off_by TEXT;
-- From when on it is told what happened to it: since somebody else claimed it. All, while NULL.
ALTER TABLE devices ADD COLUMN told_since BIGINT;

UPDATE devices SET taken_off_by = (
        SELECT actor_id FROM events WHERE device_id = devices.id AND kind = 'device.removed'
        ORDER BY at DESC, id DESC LIMIT 1)
    WHERE owner_id IS NULL;
