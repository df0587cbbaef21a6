WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT sum(n) FROM r
WITH RECURSIVE r(n) AS (SELECT 1 UNION SELECT (n % 3) + 1 FROM r) SELECT * FROM r
WITH RECURSIVE r(n, f) AS (SELECT 1, 1::bigint UNION ALL SELECT n + 1, f * (n + 1) FROM r WHERE n < 20) SELECT max(f) FROM r
WITH RECURSIVE r(n, p) AS (SELECT 1, 'a' UNION ALL SELECT n + 1, p || 'b' FROM r WHERE n < 3) SELECT * FROM r
WITH RECURSIVE r(n, p) AS (SELECT 1, ARRAY[1] UNION ALL SELECT n + 1, p || (n + 1) FROM r WHERE n < 3) SELECT * FROM r
WITH RECURSIVE r(i, d) AS (SELECT i, 0 FROM t WHERE i = 1 UNION ALL SELECT t.i, r.d + 1 FROM t JOIN r ON t.i = r.i + 1 WHERE r.d < 5) SELECT * FROM r
WITH RECURSIVE r(a, b) AS (SELECT 0, 1 UNION ALL SELECT b, a + b FROM r WHERE b < 50) SELECT a FROM r
WITH RECURSIVE d(x) AS (SELECT date '2024-01-01' UNION ALL SELECT x + 1 FROM d WHERE x < date '2024-01-04') SELECT * FROM d
WITH RECURSIVE d(x) AS (SELECT timestamp '2024-01-01' UNION ALL SELECT x + interval '1 day' FROM d WHERE x < '2024-01-04') SELECT * FROM d
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT * FROM r LIMIT 3
WITH RECURSIVE r(n) AS (SELECT 1.0 UNION ALL SELECT n / 2 FROM r WHERE n > 0.1) SELECT * FROM r
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1.5 FROM r WHERE n < 5) SELECT * FROM r
WITH RECURSIVE r(n) AS (SELECT NULL::int UNION ALL SELECT 1 FROM r WHERE n IS NULL) SELECT * FROM r
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3), q AS (SELECT n * 10 AS m FROM r) SELECT * FROM q
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT 3)) SELECT count(*) FROM r
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT r.n + 1 FROM r, (SELECT 1) z WHERE r.n < 3) SELECT * FROM r a JOIN r b ON a.n = b.n
WITH a AS (SELECT 1 AS q), b AS (SELECT q + 1 AS q FROM a) SELECT * FROM a UNION ALL SELECT * FROM b
WITH a(p, q) AS (SELECT 1, 2) SELECT p + q FROM a
WITH a AS MATERIALIZED (SELECT i FROM t) SELECT count(*) FROM a
WITH t AS (SELECT 1 AS i) SELECT * FROM t
WITH a AS (SELECT i FROM t) SELECT (SELECT count(*) FROM a), i FROM a WHERE i IN (SELECT i FROM a WHERE i > 1)
WITH a AS (SELECT 1 AS x) SELECT * FROM (WITH b AS (SELECT x + 1 AS y FROM a) SELECT * FROM b) z
WITH a AS (VALUES (1, 'x'), (2, 'y')) SELECT * FROM a
WITH a AS (SELECT random() AS r) SELECT a1.r = a2.r FROM a a1, a a2
WITH a AS (SELECT i, row_number() OVER (ORDER BY i) AS rn FROM t WHERE i IS NOT NULL) SELECT a.i, b.i FROM a LEFT JOIN a b ON b.rn = a.rn - 1 ORDER BY a.rn
SELECT * FROM a
WITH a AS (SELECT 1) SELECT * FROM b
SELECT nope FROM t
SELECT nope(1)
SELECT t.nope FROM t
SELECT z.i FROM t
SELECT upper(1)
SELECT upper('a', 'b')
SELECT sum('a')
SELECT sum(x) FROM t
SELECT max(i, b) FROM t
SELECT 1 +
SELECT i FROM t GROUP BY x
SELECT i, count(*) FROM t
SELECT * FROM t ORDER BY 99
SELECT 1 AS "A b", 2 AS "select"
SELECT 1 a, 2 b, 3 AS c
SELECT
SELECT 1, 1
SELECT i AS i, i FROM u
SELECT now() IS NOT NULL, current_user IS NOT NULL, version() LIKE 'PostgreSQL%'
SELECT count(*), count(1), sum(1) FROM t
SELECT count(*) AS "Count" FROM t WHERE x IS NULL
SELECT upper(x), lower(y), i + 1, -i, i::text, (i), CASE WHEN i = 1 THEN 1 END, coalesce(i, 0), count(*) OVER () FROM t WHERE i = 1
SELECT exists(SELECT 1), (SELECT 1), ARRAY[1], (ARRAY[1])[1], 1 IN (1), NULL, true, 'a', 1.5, date '2024-01-01', interval '1 day', extract(year FROM date '2024-01-01'), current_date IS NULL, nullif(1, 2), greatest(1, 2), 1::bigint, cast(1 AS text), trim('a'), substring('abc' from 1), position('a' in 'a'), 'a' || 'b'
SELECT ROW(1, 'a'), (1, 2)
SELECT (ROW(1, 2)).f1
SELECT t.i FROM t AS t(a, b)
SELECT a FROM t AS q(a)
SELECT q.* FROM (SELECT 1, 2) q
SELECT q.a FROM (SELECT 1 AS a, 2) AS q(a, b)
SELECT i FROM t LIMIT 'a'
SELECT * FROM t WHERE i = 1 FOR UPDATE
SELECT ALL i FROM u
SELECT i FROM ONLY u
SELECT DISTINCT count(*) FROM g GROUP BY a
SELECT pg_typeof(i), pg_typeof(sum(n)) FROM t GROUP BY i LIMIT 1
SELECT i::int2, i::int4, i::int8, i::float4, i::float8, i::numeric, i::decimal(10,2), i::varchar, i::varchar(10), i::char(3), i::text FROM t WHERE i = 1
SELECT jsonb_build_object('a', 1), '{"a":1}'::json ->> 'a', '{"a":{"b":2}}'::jsonb #>> '{a,b}'
SELECT uuid '00000000-0000-0000-0000-000000000001'
SELECT i FROM t WHERE x = 'abc' AND i = 1 OR y = 'z'
SELECT i FROM t WHERE x COLLATE "C" < 'b'
SELECT 'a' COLLATE "C" < 'B' COLLATE "C"
SELECT * FROM (SELECT i, x FROM t ORDER BY i LIMIT 3) z ORDER BY x
SELECT count(*) FROM (SELECT 1 FROM t LIMIT 3 OFFSET 6) z
SELECT i FROM t ORDER BY i NULLS FIRST LIMIT 1
SELECT i FROM t ORDER BY f, i DESC, x LIMIT 4
SELECT i, x FROM t ORDER BY lower(x), i
SELECT i FROM t ORDER BY CASE WHEN i = 2 THEN 0 ELSE 1 END, i, x
SELECT max(i) FROM t ORDER BY 1
SELECT y FROM t GROUP BY y ORDER BY count(*) DESC, y
SELECT y, count(*) c FROM t GROUP BY y ORDER BY c + 1
