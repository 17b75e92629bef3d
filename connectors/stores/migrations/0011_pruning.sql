-- What is pruned by age is found by age.
CREATE INDEX delivery_events_by_age ON delivery_events (occurred_at);
CREATE INDEX outbox_by_age ON outbox (recorded_at);
