-- Who is connected and what each session does. A user who is no owner sees the statements of others as
-- <insufficient privilege>.

CREATE VIEW journey.activity AS
SELECT pid, username, application, client, state, wait, statement, rows, memory_bytes, session_began, transaction_began,
       statement_began, state_changed
FROM pg_catalog.pg_stat_session;

COMMENT ON VIEW journey.activity IS 'The sessions of the database: who runs what, since when, with how many rows and how much memory; pg_cancel_backend(pid) stops a statement, pg_terminate_backend(pid) ends a session.';
COMMENT ON COLUMN journey.activity.pid IS 'Number of the session.';
COMMENT ON COLUMN journey.activity.username IS 'User of the session.';
COMMENT ON COLUMN journey.activity.application IS 'Name that the client program gives itself (application_name).';
COMMENT ON COLUMN journey.activity.client IS 'Address of the client; NULL for a session of the program that embeds the database.';
COMMENT ON COLUMN journey.activity.state IS 'active, idle, idle in transaction, or idle in transaction (aborted).';
COMMENT ON COLUMN journey.activity.wait IS 'What it waits for: ClientRead for the next statement, ClientWrite for the client to take rows; NULL while it works.';
COMMENT ON COLUMN journey.activity.statement IS 'Statement that runs, or ran last; passwords are left out.';
COMMENT ON COLUMN journey.activity.rows IS 'Rows that the statement gave so far.';
COMMENT ON COLUMN journey.activity.memory_bytes IS 'Memory that its statements hold now.';
COMMENT ON COLUMN journey.activity.session_began IS 'When the session began.';
COMMENT ON COLUMN journey.activity.transaction_began IS 'When its transaction began; NULL outside of one.';
COMMENT ON COLUMN journey.activity.statement_began IS 'When the statement began.';
COMMENT ON COLUMN journey.activity.state_changed IS 'When the state changed last.';
