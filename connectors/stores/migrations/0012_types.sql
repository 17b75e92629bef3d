-- What types of notification came to say: how long a digest collects, and which channels follow
-- one another where a message did not arrive.
ALTER TABLE notification_types
    ADD COLUMN digest_s bigint NOT NULL DEFAULT 0,
    ADD COLUMN fallback jsonb NOT NULL DEFAULT '[]';
