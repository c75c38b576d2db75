-- Indexes that a database of 100,000 tasks and as many payments was found to want.

-- The dead-letter list, and how many are in it, which the metrics ask for every second.
CREATE INDEX tasks_parked ON tasks (created_at, id) WHERE state = 'parked';

-- What a user has paid.
CREATE INDEX payments_of_user ON payments (user_id, created_at);
