SELECT a, b, sum(v) FROM g GROUP BY ROLLUP (a, b)
SELECT a, b, sum(v) FROM g GROUP BY CUBE (a, b)
SELECT a, b, sum(v), grouping(a), grouping(b), grouping(a, b) FROM g GROUP BY ROLLUP (a, b)
SELECT a, b, sum(v) FROM g GROUP BY GROUPING SETS ((a), (b), ())
SELECT a, b, sum(v) FROM g GROUP BY GROUPING SETS ((a, b), (a, b), ())
SELECT a, b, sum(v) FROM g GROUP BY a, ROLLUP (b)
SELECT a, b, sum(v) FROM g GROUP BY ROLLUP (a), CUBE (b)
SELECT a, sum(v) FROM g GROUP BY GROUPING SETS ((a), ()) HAVING sum(v) > 5
SELECT a, count(*) FROM e, g GROUP BY ROLLUP (a)
SELECT count(*) FROM e GROUP BY ()
SELECT count(*) FROM e GROUP BY GROUPING SETS ((), ())
SELECT count(*) FROM e GROUP BY ROLLUP (i)
SELECT a, b, count(*) FROM g GROUP BY ROLLUP ((a, b))
SELECT upper(a) q, sum(v) FROM g GROUP BY ROLLUP (upper(a))
SELECT coalesce(a, 'all'), sum(v) FROM g GROUP BY ROLLUP (a)
SELECT a, b, sum(v) FROM g GROUP BY GROUPING SETS ((a), (b)) ORDER BY a NULLS FIRST, b NULLS FIRST, 3
SELECT a, sum(v) FILTER (WHERE b = 'm'), count(*) FILTER (WHERE v > 1) FROM g GROUP BY a
SELECT sum(v) FILTER (WHERE false), count(*) FILTER (WHERE NULL) FROM g
SELECT string_agg(a, ',' ORDER BY a) FROM g
SELECT string_agg(a, ',' ORDER BY v DESC, b) FROM g
SELECT string_agg(DISTINCT a, ',' ORDER BY a DESC) FROM g
SELECT string_agg(a, NULL ORDER BY a) FROM g
SELECT string_agg(a, b ORDER BY v, b) FROM g
SELECT array_agg(v ORDER BY v) FROM g
SELECT array_agg(v ORDER BY v DESC NULLS LAST) FROM g
SELECT array_agg(DISTINCT v ORDER BY v) FROM g
SELECT array_agg(a ORDER BY a NULLS FIRST, v) FROM g
SELECT array_agg(i) FROM e
SELECT array_agg(v ORDER BY v) FILTER (WHERE v > 100) FROM g
SELECT a, array_agg(v ORDER BY v) FROM g GROUP BY a
SELECT count(*), count(v), count(DISTINCT v), count(DISTINCT a) FROM g
SELECT count(DISTINCT (a, b)) FROM g
SELECT sum(v), avg(v), min(v), max(v) FROM g
SELECT sum(s), sum(i), sum(b), sum(n), sum(r), sum(d) FROM t WHERE i < 4
SELECT avg(s), avg(i), avg(b), avg(n), avg(r), avg(d) FROM t WHERE i < 4
SELECT avg(i) FROM t
SELECT avg(n) FROM t
SELECT sum(DISTINCT v), avg(DISTINCT v) FROM g
SELECT stddev(v), stddev_pop(v), variance(v), var_pop(v), var_samp(v), stddev_samp(v) FROM g
SELECT stddev(n), variance(n) FROM t WHERE i < 4
SELECT stddev(w), variance(w), var_pop(w) FROM g
SELECT stddev(v) FROM g WHERE v = 5
SELECT corr(v, w), covar_pop(v, w), covar_samp(v, w), regr_slope(v, w), regr_intercept(v, w), regr_r2(v, w), regr_count(v, w) FROM g
SELECT bool_and(f), bool_or(f), every(f) FROM t
SELECT bool_and(f), bool_or(f) FROM t WHERE false
SELECT bit_and(i), bit_or(i), bit_xor(i) FROM t
SELECT min(x), max(x), min(dt), max(ts), min(tz) FROM t
SELECT max(d), min(d) FROM t
SELECT min(f) FROM t
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM g
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY v) FROM g
SELECT percentile_cont(ARRAY[0.25, 0.5]) WITHIN GROUP (ORDER BY w) FROM g
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY w DESC) FROM g
SELECT mode() WITHIN GROUP (ORDER BY a) FROM g
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY a) FROM g
SELECT rank(3) WITHIN GROUP (ORDER BY v) FROM g
SELECT a, count(*) FROM g GROUP BY 1 ORDER BY 2 DESC, 1
SELECT a AS b, count(*) FROM g GROUP BY b
SELECT a AS q, count(*) FROM g GROUP BY q
SELECT v + 1, count(*) FROM g GROUP BY v + 1
SELECT v, count(*) FROM g GROUP BY a
SELECT a FROM g GROUP BY a HAVING count(*) > 1
SELECT count(*) FROM g HAVING count(*) > 100
SELECT sum(v) FROM g HAVING false
SELECT 1 FROM g HAVING true
SELECT a, sum(v) * 2 + 1 FROM g GROUP BY a ORDER BY sum(v)
SELECT a, max(v) - min(v) FROM g GROUP BY a
SELECT sum(v)::float8 / count(*) FROM g
SELECT sum(v) / count(*) FROM g
SELECT sum(CASE WHEN a = 'p' THEN 1 ELSE 0 END) FROM g
SELECT sum(count(*)) OVER (), a FROM g GROUP BY a
SELECT sum(sum(v)) FROM g GROUP BY a
SELECT count(*) FROM g WHERE sum(v) > 1
SELECT any_value(a) IS NOT NULL FROM g
SELECT json_agg(v ORDER BY v) FROM g
SELECT array_agg(ARRAY[v, 1] ORDER BY v) FROM g
SELECT string_agg(v::text, '-' ORDER BY v) FROM g
SELECT string_agg('x', '') FROM g
SELECT max(ARRAY[1,2])
SELECT f, count(*) FROM t GROUP BY f
SELECT d, count(*) FROM t GROUP BY d
SELECT date_trunc('year', ts) q, count(*) FROM t GROUP BY q ORDER BY q
SELECT sum(b) FROM t
SELECT sum(i::smallint), sum(1), sum(1.5), avg(1), sum(1::real) FROM t
SELECT sum(interval '1 day' * v) FROM g
SELECT avg(interval '1 day' * v) FROM g
SELECT max(interval '1 day' * v) FROM g
SELECT sum(n * 2), sum(n) / 3, avg(n * n) FROM t WHERE i < 4
SELECT sum(v) FROM g GROUP BY GROUPING SETS (a, b)
SELECT count(*) AS c FROM g GROUP BY a ORDER BY c, a LIMIT 2
SELECT first_value(v) FROM g
SELECT a, b FROM g GROUP BY a, b
SELECT DISTINCT a, count(*) OVER () FROM g
SELECT a, sum(v) FROM g GROUP BY DISTINCT ROLLUP (a), ROLLUP (a)
SELECT count(v) c, count(*) - count(v) FROM g GROUP BY a IS NULL
SELECT variance(n) FROM t WHERE i = 1
SELECT regr_avgx(v, w), regr_avgy(v, w), regr_sxx(v, w), regr_sxy(v, w), regr_syy(v, w) FROM g
SELECT string_agg(DISTINCT a, ',') FROM g
SELECT string_agg(DISTINCT a, ',' ORDER BY b) FROM g
SELECT array_agg(a) FROM g WHERE a = 'p'
