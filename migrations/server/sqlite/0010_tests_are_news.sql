-- With the kind that says that a portal was tested with the server's own keys. The same kinds stand in the store's question.
DROP INDEX audit_events_news;
CREATE INDEX audit_events_news ON audit_events (position) WHERE kind IN (
    'break_glass_reviewed', 'break_glass_used', 'device_registered', 'device_revoked', 'emergency_stop_lifted',
    'emergency_stopped', 'password_changed', 'policy_changed', 'portal_disabled', 'portal_enabled', 'portal_key_added',
    'portal_key_revoked', 'portal_tested', 'provider_linked', 'second_factor_reset', 'rules_changed',
    'second_factor_set_up', 'staff_added', 'staff_disabled', 'staff_enabled', 'staff_role_changed'
);
