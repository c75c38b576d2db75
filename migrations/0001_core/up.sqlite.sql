-- The core: who, what he asked for, what it cost, what is to be sent. Times are milliseconds since the epoch, UTC; money is minor units.

CREATE TABLE users (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  telegram_id   BIGINT NOT NULL UNIQUE,
  username      TEXT,
  first_name    TEXT,
  last_name     TEXT,
  language      TEXT NOT NULL DEFAULT 'ru',   -- of the interface
  tier          TEXT NOT NULL DEFAULT 'free' CHECK (tier IN ('free', 'pro', 'creator')),
  tier_until    BIGINT,                       -- NULL: without end
  tasks_total   BIGINT NOT NULL DEFAULT 0,
  defaults      TEXT NOT NULL DEFAULT '{}',   -- JSON: options used when nothing else is chosen
  blocked       BIGINT NOT NULL DEFAULT 0,    -- the user blocked the bot: nothing is sent to him
  created_at    BIGINT NOT NULL,
  updated_at    BIGINT NOT NULL
);

-- A job. The row is the truth; a queue only carries its public id.
CREATE TABLE tasks (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id        TEXT NOT NULL UNIQUE,      -- not guessable; what users and queues see
  user_id          BIGINT NOT NULL REFERENCES users (id),
  state            TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'parked')),
  lane             BIGINT NOT NULL CHECK (lane BETWEEN 1 AND 3),          -- 1: first served
  fingerprint      TEXT,                      -- user, file and options; unique while the task is alive
  input_kind       TEXT NOT NULL,             -- telegram, path, youtube, tiktok, instagram
  input            TEXT NOT NULL,             -- JSON: how to get at the file
  options          TEXT NOT NULL DEFAULT '{}',                            -- JSON: what to make of it
  media_ms         BIGINT,                    -- the input's length, when known
  stage            TEXT NOT NULL DEFAULT '',
  progress         BIGINT NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1000),
  attempts         BIGINT NOT NULL DEFAULT 0, -- begun
  run_at           BIGINT NOT NULL,           -- not before: retries wait
  offered_at       BIGINT NOT NULL DEFAULT 0, -- last put into the queue; the reconciler puts it in again
  lease_owner      TEXT,
  lease_until      BIGINT,
  cancel_requested BIGINT NOT NULL DEFAULT 0,
  error_code       TEXT,
  error_text       TEXT,
  result_path      TEXT,
  subtitles_path   TEXT,
  reply            TEXT NOT NULL DEFAULT '{}',                            -- JSON: where the answer goes; the queue's user reads it
  delivered_at     BIGINT,                    -- the result reached the user
  files_gone_at    BIGINT,                    -- cleaned
  created_at       BIGINT NOT NULL,
  started_at       BIGINT,                    -- first attempt
  finished_at      BIGINT,
  CHECK ((state = 'running') = (lease_owner IS NOT NULL))
);
CREATE UNIQUE INDEX tasks_alive ON tasks (fingerprint) WHERE state IN ('queued', 'running');
CREATE INDEX tasks_waiting ON tasks (lane, run_at, id) WHERE state = 'queued';
CREATE INDEX tasks_leased ON tasks (lease_until) WHERE state = 'running';
CREATE INDEX tasks_of_user ON tasks (user_id, created_at);
CREATE INDEX tasks_to_clean ON tasks (finished_at) WHERE files_gone_at IS NULL;

-- What a day's quota has been used for; counted in one row so that a limit is one conditional UPDATE.
CREATE TABLE quota_days (
  user_id BIGINT NOT NULL REFERENCES users (id),
  day     TEXT NOT NULL,                      -- YYYY-MM-DD in the plans' time zone
  used    BIGINT NOT NULL DEFAULT 0 CHECK (used >= 0),
  PRIMARY KEY (user_id, day)
);

-- The ledger behind it: each task is charged once and given back once at most.
CREATE TABLE usage_ledger (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id),
  task_id    BIGINT NOT NULL REFERENCES tasks (id),
  kind       TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
  source     TEXT NOT NULL CHECK (source IN ('quota', 'purchase', 'unlimited')),
  day        TEXT,                            -- source quota: the day charged
  purchase_id BIGINT,                         -- source purchase
  reason     TEXT NOT NULL DEFAULT '',
  created_at BIGINT NOT NULL,
  UNIQUE (task_id, kind)
);

CREATE TABLE payments (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  public_id    TEXT NOT NULL UNIQUE,
  user_id      BIGINT NOT NULL REFERENCES users (id),
  provider     TEXT NOT NULL,                 -- platega, stars, …
  external_id  TEXT,
  amount_minor BIGINT NOT NULL,
  currency     TEXT NOT NULL,
  purpose      TEXT NOT NULL DEFAULT '{}',    -- JSON: what was bought
  state        TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'failed', 'refunded')),
  method       TEXT,
  metadata     TEXT NOT NULL DEFAULT '{}',
  created_at   BIGINT NOT NULL,
  completed_at BIGINT,
  UNIQUE (provider, external_id)
);

CREATE TABLE subscriptions (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id),
  tier       TEXT NOT NULL CHECK (tier IN ('pro', 'creator')),
  period     TEXT NOT NULL CHECK (period IN ('monthly', 'yearly')),
  payment_id BIGINT UNIQUE REFERENCES payments (id),
  starts_at  BIGINT NOT NULL,
  ends_at    BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX subscriptions_of_user ON subscriptions (user_id, ends_at);

-- One-time purchases: one file up to a length.
CREATE TABLE purchases (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id),
  max_ms     BIGINT NOT NULL,
  payment_id BIGINT UNIQUE REFERENCES payments (id),
  task_id    BIGINT REFERENCES tasks (id),    -- spent on
  created_at BIGINT NOT NULL
);
CREATE INDEX purchases_left ON purchases (user_id, max_ms) WHERE task_id IS NULL;

CREATE TABLE presets (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id    BIGINT NOT NULL REFERENCES users (id),
  name       TEXT NOT NULL,
  options    TEXT NOT NULL,                   -- JSON
  created_at BIGINT NOT NULL,
  UNIQUE (user_id, name)
);

-- What is to be sent once its transaction has committed: queue offers, messages. `once` makes writing it twice harmless.
CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  topic      TEXT NOT NULL,
  once       TEXT UNIQUE,
  payload    TEXT NOT NULL,                   -- JSON
  attempts   BIGINT NOT NULL DEFAULT 0,
  run_at     BIGINT NOT NULL,
  lease_until BIGINT,
  sent_at    BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (topic, run_at, id) WHERE sent_at IS NULL;

-- Telegram's updates that were taken in: the same one again has no effect.
CREATE TABLE seen_updates (
  update_id  BIGINT PRIMARY KEY,
  seen_at    BIGINT NOT NULL
);

CREATE TABLE audit_log (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      BIGINT NOT NULL,
  actor   TEXT NOT NULL,                      -- user:ID, admin:ID, worker:NAME, system
  action  TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT '',
  detail  TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_of_subject ON audit_log (subject, at);

-- Who is alive, for health checks and the reconciler.
CREATE TABLE heartbeats (
  name   TEXT PRIMARY KEY,                    -- worker:HOST-PID, bot, …
  at     BIGINT NOT NULL,
  detail TEXT NOT NULL DEFAULT '{}'
);
