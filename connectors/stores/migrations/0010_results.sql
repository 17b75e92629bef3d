-- What a template's deliveries came to, variant by variant, is read over its last days.
CREATE INDEX notification_log_of_template
    ON notification_log (tenant, template_name, created_at DESC);
