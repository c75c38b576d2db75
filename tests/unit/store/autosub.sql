-- A database as AutoSub leaves it (PostgreSQL, made by SQLAlchemy): tables, native enums, and awkward rows.
CREATE TYPE subscriptiontier AS ENUM ('FREE', 'PRO', 'CREATOR');
CREATE TYPE taskstatus AS ENUM ('CREATED', 'PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TYPE inputtype AS ENUM ('FILE', 'YOUTUBE', 'TIKTOK', 'INSTAGRAM');
CREATE TYPE subscriptionperiod AS ENUM ('MONTHLY', 'YEARLY');
CREATE TYPE paymentstatus AS ENUM ('PENDING', 'COMPLETED', 'FAILED', 'REFUNDED');

CREATE TABLE users (
  id SERIAL PRIMARY KEY,
  telegram_id BIGINT NOT NULL,
  username VARCHAR(255), first_name VARCHAR(255), last_name VARCHAR(255), language_code VARCHAR(10),
  tier subscriptiontier NOT NULL DEFAULT 'FREE', tier_expires_at TIMESTAMP WITHOUT TIME ZONE,
  tasks_today INTEGER, tasks_total INTEGER, last_task_date TIMESTAMP WITHOUT TIME ZONE,
  created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now(), updated_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE UNIQUE INDEX ix_users_telegram_id ON users (telegram_id);

CREATE TABLE tasks (
  id SERIAL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  status taskstatus NOT NULL DEFAULT 'CREATED', priority INTEGER, input_type inputtype NOT NULL,
  input_url TEXT, input_file_id VARCHAR(255), input_file_path TEXT,
  duration DOUBLE PRECISION, width INTEGER, height INTEGER, file_size BIGINT,
  source_language VARCHAR(10), target_language VARCHAR(10),
  generate_subtitles BOOLEAN, translate BOOLEAN, voiceover BOOLEAN, vertical_format BOOLEAN, add_watermark BOOLEAN,
  output_file_path TEXT, output_file_id VARCHAR(255), subtitles_file_path TEXT, error_message TEXT,
  processing_time DOUBLE PRECISION, worker_id VARCHAR(255),
  created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now(), started_at TIMESTAMP WITHOUT TIME ZONE, completed_at TIMESTAMP WITHOUT TIME ZONE
);
CREATE INDEX ix_tasks_user_id ON tasks (user_id);

CREATE TABLE payments (
  id SERIAL PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  external_id VARCHAR(255) UNIQUE, amount DOUBLE PRECISION NOT NULL, currency VARCHAR(3) DEFAULT 'RUB',
  tier subscriptiontier, subscription_period subscriptionperiod, status paymentstatus NOT NULL DEFAULT 'PENDING',
  payment_method VARCHAR(50), payment_metadata JSON,
  created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now(), completed_at TIMESTAMP WITHOUT TIME ZONE
);

CREATE TABLE system_logs (
  id SERIAL PRIMARY KEY,
  level VARCHAR(20), message TEXT, module VARCHAR(100), created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT now()
);
CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('3f2a');

INSERT INTO users (id, telegram_id, username, first_name, last_name, language_code, tier, tier_expires_at, tasks_today, tasks_total,
                   last_task_date, created_at, updated_at) VALUES
  (1, 1001, 'ann', 'Анна', NULL, 'ru', 'FREE', NULL, 2, 10, now() AT TIME ZONE 'UTC', '2024-03-10 12:00:00.123456', '2024-03-11 00:00:00'),
  (2, 9007199254740993, NULL, NULL, NULL, 'en-US', 'PRO', '2099-06-30 23:59:59', 5, 50,
   (now() AT TIME ZONE 'UTC') - interval '1 day', '2024-01-01 00:00:00', NULL),
  (5, 1005, 'o''brien', 'quo"te', E'back\\slash 😀', NULL, 'CREATOR', '2024-02-29 12:00:00', 0, 3, NULL, '2023-12-31 23:59:59.999', '2024-01-02 03:04:05'),
  (6, -1006, NULL, '', NULL, 'pt', 'CREATOR', NULL, 7, NULL, now() AT TIME ZONE 'UTC', '2024-05-05 05:05:05', '2024-05-05 05:05:05'),
  (9, 1009, NULL, NULL, NULL, 'DE', 'PRO', '2099-01-01 00:00:00', NULL, 0, NULL, '2024-06-01 00:00:00', '2024-06-01 00:00:00');
SELECT setval('users_id_seq', 9);

INSERT INTO tasks (id, user_id, status, priority, input_type, input_url, input_file_id, input_file_path, duration, width, height, file_size,
                   source_language, target_language, generate_subtitles, translate, voiceover, vertical_format, add_watermark,
                   output_file_path, output_file_id, subtitles_file_path, error_message, processing_time, worker_id, created_at,
                   started_at, completed_at) VALUES
  (1, 1, 'COMPLETED', 3, 'FILE', NULL, 'AgACfile', '/storage/in/1.mp4', 12.3456, 1920, 1080, 5000000000, 'ru', 'en', true, true, false, true, true,
   '/storage/out/1.mp4', 'BAACout', '/storage/out/1.srt', NULL, 3.5, 'worker-1', '2024-03-10 12:00:00', '2024-03-10 12:00:01.5', '2024-03-10 12:01:00'),
  (2, 2, 'PROCESSING', 2, 'YOUTUBE', 'https://youtu.be/x?a=1&b="2"', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, 'worker-2', '2024-03-10 12:00:00', '2024-03-10 12:00:02', NULL),
  (3, 2, 'PENDING', 1, 'TIKTOK', 'https://tiktok.com/y', NULL, NULL, 60, NULL, NULL, NULL, NULL, NULL, true, false, false, false, false,
   NULL, NULL, NULL, NULL, NULL, NULL, '2024-03-10 12:00:00', NULL, NULL),
  (4, 5, 'CREATED', 0, 'INSTAGRAM', 'https://instagram.com/z', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, false, false, false, false,
   NULL, NULL, NULL, NULL, NULL, NULL, '2024-03-10 12:00:00', NULL, NULL),
  (7, 5, 'FAILED', 99, 'FILE', NULL, 'BQACx', NULL, 0.0005, NULL, NULL, NULL, NULL, NULL, true, false, false, false, false,
   NULL, NULL, NULL, E'ffmpeg said "no"\nand more', 1, NULL, '2024-03-10 12:00:00', '2024-03-10 12:00:03', NULL),
  (8, 6, 'CANCELLED', NULL, 'FILE', NULL, 'BQACy', NULL, NULL, NULL, NULL, NULL, NULL, NULL, true, false, false, false, false,
   NULL, NULL, NULL, NULL, NULL, NULL, '2024-03-10 12:00:00', NULL, '2024-03-10 12:00:04');
SELECT setval('tasks_id_seq', 8);

INSERT INTO payments (id, user_id, external_id, amount, currency, tier, subscription_period, status, payment_method, payment_metadata,
                      created_at, completed_at) VALUES
  (1, 2, 'ext-1', 299.0, 'RUB', 'PRO', 'MONTHLY', 'COMPLETED', 'sbp', '{"order": "1", "n": [1, 2.50]}', '2024-03-01 00:00:00', '2024-03-01 00:05:00'),
  (2, 2, 'ext-2', 2990, 'RUB', 'PRO', 'YEARLY', 'COMPLETED', 'card', NULL, '2024-04-01 00:00:00', '2024-04-01 00:00:01'),
  (3, 2, 'ext-3', 29.99, 'rub', 'PRO', 'MONTHLY', 'PENDING', NULL, NULL, '2024-05-01 00:00:00', NULL),
  (4, 5, 'ext-4', 5990, NULL, 'CREATOR', 'YEARLY', 'REFUNDED', 'card', 'null', '2024-01-01 00:00:00', '2024-01-01 00:00:01'),
  (5, 1, NULL, 0.1::float8 + 0.2::float8, 'USD', NULL, NULL, 'COMPLETED', 'card', '{}', '2024-01-01 00:00:00', '2024-01-01 00:00:01'),
  (6, 1, NULL, 59, 'RUB', NULL, NULL, 'FAILED', 'card', '{}', '2024-01-01 00:00:00', NULL),
  (9, 1, 'ext-9', 4503599627370.49, 'RUB', NULL, NULL, 'FAILED', 'card', '{}', '2024-01-01 00:00:00', NULL);
SELECT setval('payments_id_seq', 9);

INSERT INTO system_logs (level, message) VALUES ('ERROR', 'kept');
