-- Who has a phone number, for replies: a text message comes back with nothing but its number.
CREATE INDEX recipients_by_number ON recipients USING gin ((addresses -> 'sms') jsonb_path_ops);
