-- Values of every type a table holds. In PostgreSQL 15 (SET TimeZone = 'Europe/Berlin'), the files beside this one are what
--   COPY (SELECT * FROM types ORDER BY id) TO STDOUT                                     types.txt
--   COPY (...) TO STDOUT WITH (FORMAT csv, HEADER)                                       types.csv
--   COPY (...) TO STDOUT WITH (FORMAT binary)                                            types.bin
--   COPY (...) TO STDOUT WITH (DELIMITER ':', NULL 'none', HEADER)                        other.txt
--   COPY (...) TO STDOUT WITH (FORMAT csv, DELIMITER ';', NULL 'nil', QUOTE '''', ESCAPE '/', FORCE_QUOTE (s, i4))   other.csv
-- wrote after it.
CREATE TABLE types (
  id int NOT NULL, b boolean, i2 smallint, i4 integer, i8 bigint, r real, d double precision,
  n numeric(12,2), wide numeric(38,10), s text, bin bytea, day date, at timestamp, instant timestamptz
);
INSERT INTO types VALUES
  (1, true, 1, 1, 1, 1, 1, 1, 1, 'one', '\x01', '2026-01-02', '2026-01-02 03:04:05', '2026-01-02 03:04:05+00'),
  (2, false, -32768, -2147483648, -9223372036854775808, -1.5, -1.5e300, -12345.67, -9999999999999999999999999999.9999999999,
   E'a\tb\nc\\d\re', '\x00ff0a5c', '1969-12-31', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999999+00'),
  (3, true, 32767, 2147483647, 9223372036854775807, 3.4028235e38, 1.7976931348623157e308, 9999999999.99, 0.0000000001,
   'Häßlich 😀', '\xc3a4', '2000-02-29', '2026-01-02 03:04:05.5', '2026-07-02 03:04:05.25+00'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, false, 0, 0, 0, 0.1, 0.1, 0, 0, '', '\x', '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00'),
  (6, false, 0, 0, 0, 1e-5, 0.000012, -0.05, 12345678.1234567890, '\N', '\x22', '0044-03-15 BC', '0044-03-15 10:00:00 BC', '0044-03-15 10:00:00+00 BC'),
  (7, false, 0, 0, 0, 'Infinity', 'Infinity', 100000000, 10000.0001, '\.', '\x2c3b3a', 'infinity', 'infinity', 'infinity'),
  (8, false, 0, 0, 0, '-Infinity', '-Infinity', 1, 1, 'say "no", 100%; or ''yes''/then', '\x27', '-infinity', '-infinity', '-infinity'),
  (9, false, 0, 0, 0, 'NaN', 'NaN', 1, 1, 'nil', '\x', '5874897-12-31', '9999-12-31 23:59:59.999999', '1880-01-01 00:00:00+00'),
  (10, false, 0, 0, 0, 1e6, 1e15, 1, 1, E'\b\f\x0b\x01', '\x', '4713-01-01 BC', '2026-03-29 02:30:00', '2026-10-25 01:30:00+00'),
  (11, false, 0, 0, 0, 999999, 123456789012345, 1, 1, ' spaced ', '\x', '2026-12-31', '2026-12-31 12:00:00.001', '2026-10-25 00:30:00+00');
