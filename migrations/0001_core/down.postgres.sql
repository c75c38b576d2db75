-- drops data
DROP TABLE heartbeats;
DROP TABLE audit_log;
DROP TABLE seen_updates;
DROP TABLE outbox;
DROP TABLE presets;
DROP TABLE purchases;
DROP TABLE subscriptions;
DROP TABLE payments;
DROP TABLE usage_ledger;
DROP TABLE quota_days;
DROP TABLE tasks;
DROP TABLE users;

-- What was AutoSub's goes back to where it was.
DO $$
DECLARE
  moved TEXT;
BEGIN
  IF to_regclass('autosub.users') IS NULL THEN
    RETURN;
  END IF;
  FOR moved IN SELECT table_name FROM information_schema.tables WHERE table_schema = 'autosub' AND table_type = 'BASE TABLE' LOOP
    EXECUTE format('ALTER TABLE autosub.%I SET SCHEMA %I', moved, current_schema());
  END LOOP;
  DROP SCHEMA autosub;
END $$;
