SELECT t.i, u.k FROM t JOIN u ON t.i = u.i
SELECT t.i, u.k FROM t LEFT JOIN u ON t.i = u.i
SELECT t.i, u.k FROM t RIGHT JOIN u ON t.i = u.i
SELECT t.i, u.k FROM t FULL JOIN u ON t.i = u.i
SELECT i, k FROM t JOIN u USING (i)
SELECT i, k FROM t LEFT JOIN u USING (i)
SELECT i, k FROM t RIGHT JOIN u USING (i)
SELECT i, k FROM t FULL JOIN u USING (i)
SELECT * FROM u JOIN e USING (i)
SELECT * FROM u LEFT JOIN e USING (i)
SELECT * FROM u FULL JOIN e USING (i, x)
SELECT * FROM u NATURAL JOIN e
SELECT * FROM u NATURAL LEFT JOIN e
SELECT * FROM u NATURAL FULL JOIN e
SELECT * FROM (SELECT 1 AS a, 2 AS b) q JOIN (SELECT 1 AS a, 3 AS c) w USING (a)
SELECT * FROM (SELECT 1 AS a, 2 AS b) q NATURAL JOIN (SELECT 2 AS b, 1 AS a, 3 AS c) w
SELECT q.a, w.a FROM (SELECT 1 AS a) q JOIN (SELECT 1 AS a) w USING (a)
SELECT * FROM (SELECT 1 AS z, 2 AS b) q JOIN (SELECT 3 AS c, 2 AS b) w USING (b)
SELECT * FROM t CROSS JOIN e
SELECT count(*) FROM t CROSS JOIN u
SELECT count(*) FROM t, u
SELECT t.i, u.k FROM t, u WHERE t.i = u.i AND t.x <> u.x
SELECT t.i, u.k FROM t LEFT JOIN u ON t.i = u.i AND u.k > 20
SELECT t.i, u.k FROM t LEFT JOIN u ON t.i > u.i
SELECT t.i, u.k FROM t FULL JOIN u ON t.i = u.i AND u.k > 20
SELECT t.i, u.k FROM t FULL JOIN u ON t.i > u.i
SELECT t.i, u.k FROM t FULL JOIN u ON false
SELECT t.i, u.k FROM t LEFT JOIN u ON true WHERE t.i = 1
SELECT t.i, u.k FROM t LEFT JOIN u ON t.i = u.i WHERE u.k IS NULL
SELECT t.i, u.k FROM t LEFT JOIN u ON t.i IS NOT DISTINCT FROM u.i
SELECT t.i, u.k FROM t LEFT JOIN u ON t.f
SELECT t.i, u.k FROM t LEFT JOIN u ON t.i = 1 AND u.k = 10
SELECT t.i, a.k FROM t, LATERAL (SELECT k FROM u WHERE u.i = t.i) a
SELECT t.i, a.k FROM t CROSS JOIN LATERAL (SELECT k FROM u WHERE u.i = t.i) a
SELECT t.i, a.k FROM t LEFT JOIN LATERAL (SELECT k FROM u WHERE u.i = t.i ORDER BY k DESC LIMIT 1) a ON true
SELECT t.i, a.c FROM t LEFT JOIN LATERAL (SELECT count(*) AS c FROM u WHERE u.i = t.i) a ON true
SELECT t.i, a.c FROM t CROSS JOIN LATERAL (SELECT count(*) AS c FROM u WHERE u.i = t.i) a
SELECT t.i, a.c FROM t CROSS JOIN LATERAL (SELECT sum(k) AS c FROM u WHERE u.i = t.i) a
SELECT t.i, a.z FROM t CROSS JOIN LATERAL (SELECT t.i * 2 AS z) a
SELECT t.i, g FROM t CROSS JOIN LATERAL generate_series(1, t.i) g
SELECT t.i, g FROM t, generate_series(1, t.i) g
SELECT t.i, g FROM t, generate_series(1, 2) g
SELECT t.i, a.q FROM t, LATERAL (VALUES (t.i + 1), (t.i + 2)) a(q)
SELECT t.i, a.q FROM t, unnest(ARRAY[t.i, 5]) a(q)
SELECT t.i, a.q FROM t LEFT JOIN unnest(ARRAY[1,2]) a(q) ON a.q = t.i
SELECT t.i, a.q, a.o FROM t, unnest(ARRAY[t.i, 5]) WITH ORDINALITY a(q, o)
SELECT * FROM unnest(ARRAY['a','b']) WITH ORDINALITY
SELECT * FROM unnest(ARRAY['a','b']) WITH ORDINALITY AS q(v, n)
SELECT * FROM unnest(ARRAY[1,2,3], ARRAY['a','b']) AS q(v, n)
SELECT * FROM unnest(ARRAY[1,2,3], ARRAY['a','b']) WITH ORDINALITY AS q(v, n, o)
SELECT * FROM generate_series(3, 1, -1) WITH ORDINALITY
SELECT * FROM generate_series(1, 3)
SELECT * FROM generate_series(1, 3) AS g
SELECT * FROM generate_series(1, 3) AS g(a)
SELECT g + 1 FROM generate_series(1, 3) g
SELECT * FROM generate_series(1, 10, 3)
SELECT * FROM generate_series(1.0, 2.0, 0.5)
SELECT * FROM generate_series(1, 3, 0)
SELECT * FROM generate_series(5, 1)
SELECT * FROM generate_series(NULL, 1)
SELECT * FROM generate_series('2024-01-01'::timestamp, '2024-01-03'::timestamp, '12 hours')
SELECT * FROM generate_series('2024-01-31'::date, '2024-04-30'::date, '1 month')
SELECT * FROM generate_series('2024-01-01'::timestamptz, '2024-01-02'::timestamptz, '6 hours'::interval)
SELECT d::date FROM generate_series('2024-01-01'::date, '2024-01-03'::date, '1 day') d
SELECT generate_series(1, 3)
SELECT generate_series(1, 3), generate_series(1, 2)
SELECT i, generate_series(1, i) FROM t
SELECT unnest(ARRAY[1, 2]), unnest(ARRAY['a', 'b', 'c'])
SELECT i, unnest(ARRAY[i, i * 2]) FROM t
SELECT a.i, b.i, c.i FROM u a JOIN u b ON a.i = b.i LEFT JOIN e c ON c.i = b.i
SELECT * FROM (VALUES (1,'a'),(2,'b')) v(p, q) JOIN u ON u.i = v.p
SELECT a.* FROM u a JOIN LATERAL (SELECT 1 FROM t WHERE t.i = a.i LIMIT 1) z ON true
SELECT * FROM u a JOIN (u b JOIN e c ON b.i = c.i) ON a.i = b.i
SELECT * FROM (u a LEFT JOIN e b ON a.i = b.i) LEFT JOIN e c ON c.i = b.i
SELECT count(*) FROM t NATURAL JOIN g
SELECT i FROM t JOIN u USING (i) JOIN e USING (i)
SELECT i FROM t JOIN u ON t.i = u.i
SELECT t.i FROM t JOIN u USING (nope)
SELECT x FROM t JOIN u USING (i)
SELECT t.i, u.k FROM t JOIN u ON t.n = u.n
SELECT t.i, u.k FROM t JOIN u ON t.d = u.n
SELECT t.i, u.k FROM t JOIN u ON t.s = u.i
SELECT t.i, u.k FROM t JOIN u ON t.b = u.i + 1
SELECT t.i, u.k FROM t RIGHT JOIN u ON t.i = u.i AND t.x = 'abc' WHERE u.k < 30
SELECT coalesce(t.i, u.i), t.x, u.k FROM t FULL OUTER JOIN u ON t.i = u.i ORDER BY 1 NULLS FIRST, 2, 3
SELECT t.*, u.* FROM t JOIN u ON t.i = u.i WHERE t.i = 1
SELECT u FROM u WHERE k = 10
SELECT t1.i FROM t t1 JOIN t t2 ON t1.i = t2.i WHERE t1.x > t2.x
SELECT * FROM v2 ORDER BY i
SELECT v1.i, v2.c FROM v1 JOIN v2 USING (i)
SELECT v2.c, u.k FROM v2 LEFT JOIN u ON u.i = v2.i
SELECT (SELECT c FROM v2 WHERE v2.i = t.i) FROM t
SELECT * FROM t LEFT JOIN (SELECT i, 'const' AS c FROM u) z ON t.i = z.i AND t.i > 1 WHERE t.i IS NOT NULL
SELECT t.i, z.c IS NULL FROM t LEFT JOIN (SELECT i, 'const' AS c FROM u) z ON t.i = z.i
SELECT t.i, coalesce(z.c, 'none') FROM t LEFT JOIN (SELECT i, 'const' AS c FROM u) z ON t.i = z.i
SELECT t.i, z.c FROM t LEFT JOIN (SELECT i, count(*) AS c FROM u GROUP BY i) z ON t.i = z.i
SELECT t.i, coalesce(z.c, 0) FROM t LEFT JOIN (SELECT i, count(*) AS c FROM u GROUP BY i) z ON t.i = z.i
SELECT z.c IS NULL, count(*) FROM t FULL JOIN (SELECT i, 1 AS c FROM u) z ON t.i = z.i GROUP BY 1
SELECT r.c IS NULL FROM (SELECT 1 AS c) r RIGHT JOIN t ON r.c = t.i
