-- What every client program finds: one row of each type that tables hold, and one of NULL; a view of it; a view of the
-- types that only expressions have; comments. PostgreSQL runs it too.
CREATE SCHEMA probe;
CREATE SCHEMA test_schema;
COMMENT ON SCHEMA probe IS 'What clients are tried on.';
CREATE TABLE probe.kinds (
    id integer NOT NULL,
    flag boolean,
    small smallint,
    whole integer,
    big bigint,
    single real,
    double double precision,
    money numeric(12,2),
    words text,
    bytes bytea,
    day date,
    moment timestamp,
    instant timestamptz
);
COMMENT ON TABLE probe.kinds IS 'A column of each type.';
COMMENT ON COLUMN probe.kinds.money IS 'Two digits after the point.';
INSERT INTO probe.kinds VALUES
    (1, true, -32768, 2147483647, -9223372036854775808, 1.5, 0.1, 1234567890.12, 'Zürich ''quoted'' "d" \ , tab	end',
     decode('00ff10', 'hex'), '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789012+00'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE VIEW probe.filled AS SELECT id, flag, money, words, instant FROM probe.kinds WHERE flag IS NOT NULL;
COMMENT ON VIEW probe.filled IS 'Rows that hold something.';
CREATE VIEW probe.expressions AS
    SELECT 1::integer AS id, INTERVAL '1 month 2 days 3 hours 4 minutes 5.5 seconds' AS span, TIME '23:59:59.999999' AS clock,
           ARRAY[1::integer, 2::integer, NULL] AS numbers, ARRAY['a', 'b c'] AS texts;
CREATE TABLE probe.items (id bigint NOT NULL, name text, price numeric(12,2), CONSTRAINT positive CHECK (price > 0.0));
INSERT INTO probe.items VALUES (1, 'one', 1.50), (2, 'two', 2.50), (3, 'three', 3.50);
