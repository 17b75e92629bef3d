-- What failed is asked for by people in a hurry, and is rare: without this, the list walks all.
CREATE INDEX notification_log_failures
    ON notification_log (tenant, created_at DESC, id DESC) WHERE status = 'failed';
