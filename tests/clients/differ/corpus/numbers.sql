SELECT round(0.5), round(1.5), round(2.5), round(-0.5), round(-1.5), round(-2.5)
SELECT round(0.5::float8), round(1.5::float8), round(2.5::float8), round(-0.5::float8), round(-2.5::float8)
SELECT round(1.005, 2), round(2.345, 2), round(-2.345, 2), round(1234.5, -2), round(1250, -2), round(5, -1), round(15, -1), round(1.5, 0), round(1.23456, 10)
SELECT round(1.005::float8, 2)
SELECT round(n), round(n, 1), round(d), round(i), round(r) FROM t WHERE i < 4
SELECT trunc(1.9), trunc(-1.9), trunc(1.999, 2), trunc(1234.5, -2), trunc(-1.5::float8), trunc(5)
SELECT ceil(1.1), ceil(-1.1), floor(1.9), floor(-1.1), ceiling(1.5::float8), floor(5), ceil(-0.5)
SELECT div(9, 4), div(-9, 4), div(9.5, 2), div(-9.5, 2)
SELECT mod(9, 4), mod(-9, 4), mod(9, -4), mod(9.5, 4), mod(-9.5, 4), 9 % 4, -9 % 4, 9.5 % 4, 5.5::numeric % 2
SELECT mod(5, 0)
SELECT 5 % 0
SELECT 1 / 0
SELECT 1.0 / 0
SELECT 1::float8 / 0
SELECT 0::float8 / 0
SELECT 'NaN'::float8 / 0
SELECT 5.5::float8 % 2
SELECT 7 / 2, -7 / 2, 7 / -2, 7 / 2.0, 7.0 / 2, 1 / 3.0, 10 / 3::numeric, 2 / 3::float8
SELECT 1.0 / 3, 2.0 / 3, 10.0 / 3, 100.0 / 3, 1.00 / 3.000, 1000000.0 / 3, 1e10 / 3, 0.001 / 3, 22.0 / 7, 1::numeric / 7
SELECT 1.5 * 2, 1.50 * 2.00, 1.1 + 2.22, 1.10 - 1.1, 2.0 * 3, 0.1 + 0.2, 1.5 * 1.5, -1.50
SELECT n / 3, n * 2, n + 1, n - 0.005, n * n, n / n FROM t WHERE i < 3
SELECT n / 7, n * 1.5, n + 1.005, n / 2.5 FROM t WHERE i < 3
SELECT i / 2, i / 2.0, i * 1.5, i + 0.5, i % 2, i / 2::float8 FROM t
SELECT b * 2 FROM t WHERE i = 1
SELECT b * 2 FROM t WHERE i = 7
SELECT b + 1 FROM t WHERE i = 7
SELECT 2147483647 + 1
SELECT 2147483647::int + 1::int
SELECT 2147483647 * 2
SELECT 2147483648 + 1
SELECT 9223372036854775807 + 1
SELECT 9223372036854775808
SELECT 32767::smallint + 1::smallint
SELECT 32768::smallint
SELECT -(-2147483648)
SELECT (-2147483648)::int / -1
SELECT -(-32768::smallint)
SELECT abs(-2147483648::int)
SELECT abs(-5), abs(-5.5), abs(-5.5::float8), abs(5::smallint), abs(-9223372036854775807)
SELECT power(2, 3), power(2, 0.5), power(2.0, 3), power(2::numeric, 10), power(2, -1), power(0, 0), power(2.5, 2), 2 ^ 10, 2.0 ^ 3, 2 ^ 0.5, power(-8, 3), 10::numeric ^ 20
SELECT power(-8, 1.0/3)
SELECT power(0, -1)
SELECT power(10::float8, 400)
SELECT exp(1), exp(1.0), exp(0), ln(2.718281828), ln(10), log(100), log(2, 64), log(2.0, 8), log10(1000), ln(2.0)
SELECT ln(0)
SELECT ln(-1)
SELECT log(0)
SELECT sqrt(4), sqrt(2), sqrt(2.0), sqrt(2::numeric), cbrt(27), cbrt(-8)
SELECT sqrt(-1)
SELECT sqrt(-1.0)
SELECT sign(-5), sign(0), sign(5.5), sign(-2.5::float8), sign(5::bigint)
SELECT width_bucket(5.35, 0.024, 10.06, 5), width_bucket(5, 1, 10, 3), width_bucket(11, 1, 10, 3), width_bucket(0, 1, 10, 3), width_bucket(5, 10, 1, 3), width_bucket(5, ARRAY[1, 3, 6])
SELECT width_bucket(5, 1, 1, 3)
SELECT width_bucket(5, 1, 10, 0)
SELECT gcd(12, 18), lcm(4, 6), factorial(5), factorial(20), gcd(0, 5), gcd(-4, 6)
SELECT factorial(-1)
SELECT sin(0), cos(0), tan(0), asin(1), acos(1), atan(1), atan2(1, 1), sinh(0), degrees(pi()), radians(180), pi(), sind(30), cosd(60), cot(1)
SELECT asin(2)
SELECT scale(1.50), min_scale(1.50), trim_scale(1.50), scale(5::numeric)
SELECT 1.50::numeric(5,1), 1.55::numeric(5,1), 1.45::numeric(5,1), -1.55::numeric(5,1), 123.456::numeric(5,2), 5::numeric(5,2), 1.5::numeric(10), 2.5::numeric(10)
SELECT 1234.5::numeric(5,2)
SELECT 1.5::int, 2.5::int, 0.5::int, -0.5::int, -1.5::int, 1.5::float8::int, 2.5::float8::int, 0.5::float8::int, -2.5::float8::int, 3.5::float8::bigint, 2.5::real::int
SELECT 1e10::int
SELECT 1e10::float8::int
SELECT 'NaN'::float8::int
SELECT 'NaN'::numeric, 'Infinity'::numeric
SELECT 'NaN'::float8::numeric
SELECT 1.1::float8::numeric, 0.1::real::numeric, 1e-10::float8::numeric, 123456.789::float8::numeric, 1e20::float8::numeric, 1.0::float8::numeric
SELECT 0.1::real::float8, 1.1::real + 1, 1.1::real * 2::float8, 1::real / 3, 1.5::real * 1.5
SELECT 1::smallint + 1, 1::smallint + 1::smallint, 1::bigint + 1, 1 + 1.0, 1 + 1::float8, 1.0 + 1::float8, 1::real + 1.0, 1::real + 1::int, 1::smallint / 2::bigint
SELECT 1, 1.0, 1e0, 1::bigint, 10000000000, 1.5e3, .5, 5., 1_000
SELECT 1e3, 1.5e-3, 123456789012345678901234567890, 0.00000000001
SELECT 12345678901234567890 * 98765432109876543210
SELECT 1e30::numeric * 1e30::numeric
SELECT 99999999999999999999999999999999999999 + 1
SELECT random() < 1, random() >= 0
SELECT i, -i, +i, abs(i), i * i, i ^ 2 FROM t
SELECT s * s FROM t WHERE i = 7
SELECT s + 1, s * 2, s / 2, -s FROM t
SELECT r + d, r * 2, r / 3, d / 3, d * r, sqrt(abs(r)) FROM t
SELECT r, d FROM t
SELECT sum(r), avg(r), sum(d) FROM t WHERE i < 4
SELECT d / 0 FROM t
SELECT i / 0 FROM e
SELECT n::int, n::text, n::float8, d::numeric FROM t WHERE i < 4
SELECT d::int FROM t
SELECT n::numeric(4,1) FROM t WHERE i < 4
SELECT n::numeric(3,1) FROM t
SELECT floor(n), ceil(n), trunc(n, 1), sign(n), abs(n), sqrt(abs(n)) FROM t WHERE i < 4
SELECT floor(d), ceil(d), trunc(d), sign(d), abs(d) FROM t
SELECT exp(n), ln(abs(n)), power(n, 2) FROM t WHERE i < 4
SELECT 5 / 2 * 1.0, 5 * 1.0 / 2, (5 / 2)::numeric, 5::numeric / 2
SELECT 100 * 1 / 3, 100.0 * 1 / 3, round(100.0 * 1 / 3, 2)
SELECT count(*) * 100.0 / (SELECT count(*) FROM t) FROM t WHERE f
SELECT round(count(*) * 100.0 / 7, 2) FROM t
SELECT round(avg(i), 2), avg(i)::numeric(10,2), round(avg(d)::numeric, 3) FROM t WHERE i < 4
SELECT sum(n) / count(*), sum(i) / count(*), sum(i)::numeric / count(*) FROM t WHERE i < 4
SELECT 0.1::numeric = 0.10, 1.0 = 1, hash_numeric(1)
SELECT 3.0::numeric(10,4), (1.0/3)::numeric(10,4), cast(2.00005 as decimal(10,4))
SELECT bit_count('\x1234'), 5::bit(4), B'101', b'101' | b'010'
SELECT 1::oid, 4294967295::oid, -1::oid
SELECT money '12.5'
SELECT isfinite(date '2024-01-01'), isnan(1)
SELECT to_char(n, 'FM999990.00') FROM t WHERE i < 4
SELECT greatest(1, 2.0), least(1, 2.0::float8), greatest(n, 2), coalesce(n, 0) FROM t WHERE i < 4
SELECT sum(1.0 / i) FROM t
SELECT avg(1.0 * i), sum(i * 0.1), max(i * 1.5) FROM t
SELECT 1 + '2', '3' * 2, '1.5' + 1.0, 2 - '1', '10' / 4
SELECT 1 + '1.5'
SELECT '1' + '2'
SELECT 'a' + 1
SELECT true + 1
SELECT date '2024-01-01' + 1.5
SELECT 1 < 2 < 3
SELECT n IN (1.5, 2.5), n IN (1, 2), i IN (1.0, 2.5), d IN (1.5, 2.5), b IN (7, 3) FROM t
SELECT s = 1, s IN (1, 2, 3), s BETWEEN 0 AND 3, r = 1.5, r = 3.25, r > 1.1 FROM t
SELECT r = 0.1 FROM (VALUES (0.1::real)) q(r)
SELECT i::float8 / 3, (i::numeric / 3)::numeric(10,3), round(i / 3.0, 3) FROM t
