CREATE TABLE t (i int, b bigint, s smallint, n numeric(10,2), r real, d double precision, x text, y text, f boolean, dt date, ts timestamp, tz timestamptz);
INSERT INTO t VALUES
 (1, 10000000000, 1, 1.50, 1.5, 1.5, 'abc', 'x', true, '2024-01-31', '2024-01-31 12:34:56.789', '2024-03-31 00:30:00+00'),
 (2, -5, -2, 2.50, -0.25, 2.5, 'Abc', NULL, false, '2024-02-29', '2024-02-29 00:00:00', '2024-10-27 01:30:00+00'),
 (3, 7, 3, -2.50, 3.25, -2.5, '', 'x', NULL, NULL, NULL, NULL),
 (4, NULL, NULL, NULL, NULL, NULL, NULL, 'z', true, '1999-12-31', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999+00'),
 (NULL, 0, 0, 0.00, 0, 'NaN', 'a_c%', 'y', false, '2024-12-30', '2024-12-30 06:00:00', '2024-07-01 12:00:00+00'),
 (2, 3, 5, 100.05, 1e10, 'Infinity', 'ünï', 'x', true, '2023-01-01', '2023-01-01 01:02:03', '2023-01-01 01:02:03+00'),
 (7, 9223372036854775807, 32767, 99999999.99, 1e-10, 0.1, 'zzz zz', NULL, NULL, '2000-02-29', '2000-02-29 12:00:00.5', '2000-02-29 12:00:00.5+00');
CREATE TABLE u (i int, k int, x text, n numeric(12,4));
INSERT INTO u VALUES (1, 10, 'abc', 1.5), (2, 20, 'x', 2.25), (2, 21, NULL, NULL), (NULL, 30, 'z', 3.3333), (5, 50, 'zzz', 0);
CREATE TABLE e (i int, x text);
CREATE TABLE g (a text, b text, v int, w double precision);
INSERT INTO g VALUES ('p','m',1,0.5),('p','n',2,1.5),('q','m',3,2.5),('q','n',NULL,3.5),(NULL,'m',5,NULL),('p',NULL,6,5.5),('p','m',1,0.5);
CREATE VIEW v1 AS SELECT i, x, n FROM t WHERE i IS NOT NULL;
CREATE VIEW v2 AS SELECT i, count(*) AS c FROM v1 GROUP BY i;
