-- Where a link led that was followed.
ALTER TABLE delivery_events ADD COLUMN link text NOT NULL DEFAULT '';
