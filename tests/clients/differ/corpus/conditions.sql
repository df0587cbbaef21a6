SELECT i, CASE WHEN i > 2 THEN 'big' WHEN i > 1 THEN 'mid' END FROM t
SELECT CASE i WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END FROM t
SELECT CASE i WHEN NULL THEN 'null' ELSE 'other' END FROM t
SELECT CASE WHEN i = 1 THEN 1 ELSE 1.5 END FROM t
SELECT CASE WHEN i = 1 THEN 1 ELSE b END FROM t
SELECT CASE WHEN i = 1 THEN NULL ELSE 'a' END FROM t
SELECT CASE WHEN i = 1 THEN dt ELSE ts END FROM t
SELECT CASE WHEN i = 1 THEN n ELSE d END FROM t
SELECT CASE WHEN i = 1 THEN '1' ELSE i END FROM t
SELECT CASE WHEN i = 1 THEN 'x' ELSE i END FROM t
SELECT CASE WHEN i = 0 THEN 1/0 ELSE 5 END FROM t
SELECT CASE WHEN true THEN 1 ELSE 1/0 END
SELECT coalesce(i, 0), coalesce(x, 'none'), coalesce(n, 0), coalesce(d, 1) FROM t
SELECT coalesce(NULL, NULL, 3), coalesce(NULL, 'a')
SELECT coalesce(ts, '9999-12-31') FROM t
SELECT coalesce(dt, '9999-12-31') FROM t
SELECT coalesce(tz, '2024-01-01 00:00') FROM t
SELECT coalesce(i, '5') FROM t
SELECT coalesce(i, 'a') FROM t
SELECT coalesce(n, '5.5') FROM t
SELECT coalesce(f, 'true') FROM t
SELECT coalesce(i, 1.5) FROM t
SELECT coalesce(i, b) FROM t
SELECT coalesce(s, 0) FROM t
SELECT nullif(i, 2), nullif(x, ''), nullif(n, 1.5), nullif(1, NULL) FROM t
SELECT nullif(dt, '2024-01-31') FROM t
SELECT nullif(i, 1.0) FROM t
SELECT greatest(i, 2), least(i, 2), greatest(NULL, i), greatest(1, 2.5) FROM t
SELECT greatest(dt, '2024-01-01') FROM t
SELECT greatest('a', 'B'), least(x, y) FROM t
SELECT i IS DISTINCT FROM 2, i IS NOT DISTINCT FROM NULL FROM t
SELECT i FROM t WHERE x IS DISTINCT FROM 'abc' AND f
SELECT i FROM t WHERE x IS DISTINCT FROM 'abc' OR f
SELECT i FROM t WHERE y IS NOT DISTINCT FROM 'x' AND i = 1
SELECT i FROM t WHERE y IS DISTINCT FROM y || 'q' AND i = 1
SELECT 1 IS DISTINCT FROM 1 + 1, 1 IS DISTINCT FROM 1 = true
SELECT i FROM t WHERE i IS DISTINCT FROM 2 AND f IS TRUE
SELECT i FROM t WHERE NOT x IS DISTINCT FROM 'abc' AND i = 1
SELECT dt IS DISTINCT FROM '2024-01-31' FROM t
SELECT f IS TRUE, f IS NOT TRUE, f IS FALSE, f IS NOT FALSE, f IS UNKNOWN, f IS NOT UNKNOWN FROM t
SELECT NOT f, f AND NULL, f OR NULL, f = f FROM t
SELECT f AND i > 1, f OR i > 1 FROM t
SELECT i = ANY(ARRAY[1, 2]), i = ANY(ARRAY[1, NULL]), i <> ALL(ARRAY[1, NULL]), i > ANY(ARRAY[2, 3]), i > ALL(ARRAY[0, 1]) FROM t
SELECT i = ANY('{1,2}'), i = ANY('{1,2}'::int[]), i <> ANY(ARRAY[1]), i = ALL(ARRAY[]::int[]) FROM t
SELECT x = ANY(ARRAY['abc', 'zzz']), x LIKE ANY(ARRAY['a%', 'z%']), x NOT LIKE ALL(ARRAY['a%', 'z%']) FROM t
SELECT x ILIKE ANY(ARRAY['a%', 'Z%']) FROM t
SELECT 3 = ANY(NULL::int[]), NULL = ANY(ARRAY[1])
SELECT i BETWEEN 1 AND 2, i NOT BETWEEN 1 AND 2, i BETWEEN 2 AND 1 FROM t
SELECT i BETWEEN SYMMETRIC 3 AND 1, i NOT BETWEEN SYMMETRIC 3 AND 1 FROM t
SELECT dt BETWEEN '2024-01-01' AND '2024-12-31' FROM t
SELECT x BETWEEN 'a' AND 'b' FROM t
SELECT x LIKE 'a%', x LIKE '_bc', x LIKE 'a\_c\%', x NOT LIKE '%c', x ILIKE 'A%' FROM t
SELECT x LIKE 'a!_c%' ESCAPE '!', x LIKE 'a_c' ESCAPE '' FROM t
SELECT 'a\b' LIKE 'a\\b', 'ab' LIKE 'a\b', 'a' LIKE 'a\', 'abc' LIKE 'abc\'
SELECT '' LIKE '', '' LIKE '%', 'a' LIKE '', NULL LIKE 'a', 'a' LIKE NULL
SELECT 'ÜBER' ILIKE 'über', 'a' || chr(10) || 'b' LIKE 'a%b', 'x%y' LIKE 'x\%y'
SELECT x ~~ 'a%', x !~~ 'a%', x ~~* 'A%', x !~~* 'A%' FROM t
SELECT x ~ '^a', x !~ '^a', x ~* '^A', x !~* '^A' FROM t
SELECT 'abc' SIMILAR TO 'a(b|d)c', 'abc' SIMILAR TO 'a', 'abc' SIMILAR TO '%b%', 'abc' NOT SIMILAR TO '_b_', 'a.c' SIMILAR TO 'a.c', 'abc' SIMILAR TO 'a.c'
SELECT 'abc' SIMILAR TO 'a[a-c]+', 'aaa' SIMILAR TO 'a{3}', 'a|b' SIMILAR TO 'a\|b', 'abc' SIMILAR TO 'ABC'
SELECT 'abc' ~ 'B', 'abc' ~* 'B', 'a1' ~ '\d', 'a b' ~ '\s', 'foo' ~ '\mfoo\M', 'abc' ~ '(?i)B'
SELECT 'ab' ~ 'a$' , E'a\nb' ~ 'a$', E'a\nb' ~ 'a.b', E'a\nb' ~ '^b'
SELECT 'abc' ~ '(', 'a' ~ NULL
SELECT 'aa' ~ '(a)\1', 'ab' ~ 'a(?=b)', 'ab' ~ 'a(?!b)'
SELECT 'foobar' ~ '[[:alpha:]]+', '12' ~ '^[[:digit:]]+$', 'x' ~ '[^[:space:]]'
SELECT i FROM t WHERE x
SELECT i FROM t WHERE 1
SELECT i FROM t WHERE NULL
SELECT i FROM t WHERE 'true'
SELECT NOT 1
SELECT 1 = '1', 1 = 'a'
SELECT 1 = 1.0, 1.5 = 1.5::real, 1.1 = 1.1::real, 0.1::float8 = 0.1
SELECT i = '2', '2' = i, i > '1', n = '2.5', d = '2.5' FROM t
SELECT x = 1 FROM t
SELECT i = x FROM t
SELECT dt = ts, ts = tz, dt < '2024-02-01', ts > '2024-01-01', tz >= '2024-01-01 00:00:00+02' FROM t
SELECT d = 'NaN', d > 1e300, d <> 'NaN', d >= 'Infinity' FROM t
SELECT 'NaN'::float8 = 'NaN'::float8, 'NaN'::float8 > 'Infinity'::float8, 'NaN'::numeric = 'NaN'::numeric
SELECT 'a' < 'B', 'a' < 'b', 'Z' < 'a', '' < ' ', 'a ' = 'a'
SELECT true > false, true = 't', 'yes'::boolean, 'off'::bool, '1'::bool, 't' = true
SELECT 1 + NULL, NULL || 'a', NULL AND false, NULL OR true, NOT NULL
SELECT NULL = NULL, NULL <> NULL, NULL IS NULL
SELECT i IS NULL, i ISNULL, i NOTNULL FROM t
SELECT f::int, i::bool FROM t WHERE i IS NOT NULL
SELECT 1::bool, 0::bool, 2::int::bool, true::int, true::text, false::varchar
SELECT i, x FROM t WHERE (i, x) IS NOT NULL
SELECT (i, x) IS DISTINCT FROM (1, 'abc') FROM t
SELECT num_nulls(1, NULL, 2), num_nonnulls(1, NULL, 2)
SELECT CASE WHEN NULL THEN 1 ELSE 2 END, CASE WHEN false THEN 1 END
SELECT i FROM t WHERE NOT (i = 1 AND x = 'abc')
SELECT i FROM t WHERE i <> 1
SELECT i FROM t WHERE i != 1
SELECT 5 BETWEEN 1 AND 10 AND true, NOT 5 BETWEEN 1 AND 3
SELECT -2 ^ 2, 2 ^ 3 ^ 2, - 2 * 3, 2 + 3 * 4, 10 - 5 - 2, 7 / 2 * 2, -7 % 3
SELECT NOT true = false, NOT 1 > 2 AND false, 1 < 2 = true
SELECT 1 IN (1) = true, 'a' || 'b' = 'ab', 'a' || 1 + 2
SELECT 2 * 3 || 'a', 'a' LIKE 'a' || '%', 1 + 2 BETWEEN 3 AND 3 + 1
SELECT NOT i IN (1, 2), NOT x LIKE 'a%', i IS NULL = false FROM t
SELECT - i, + i, @ (-5), |/ 4, ||/ 27, 5 !, 2 # 3, ~ 5, 1 << 4, 256 >> 2, 6 & 3, 6 | 1
SELECT @ -5, |/ 4.0, ||/ 27.0, 2 # 3, ~ 5, 1 << 4, 256 >> 2, 6 & 3, 6 | 1
