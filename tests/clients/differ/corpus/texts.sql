SELECT split_part('a,b,c', ',', 2), split_part('a,b,c', ',', -1), split_part('a,b,c', ',', -3), split_part('a,b,c', ',', 4), split_part('a,b,c', ',', -4), split_part('abc', '', 1), split_part('abc', '', 2), split_part('', ',', 1)
SELECT split_part('a,b,c', ',', 0)
SELECT overlay('Txxxxas' PLACING 'hom' FROM 2 FOR 4), overlay('abcdef' PLACING 'X' FROM 2), overlay('abc' PLACING 'ZZ' FROM 3 FOR 0)
SELECT overlay('abc' PLACING 'X' FROM 0)
SELECT translate('12345', '143', 'ax'), translate('abc', '', 'x'), translate('abc', 'abc', ''), translate(x, 'ab', 'AB') FROM t
SELECT format('Hello %s, %1$s', 'World'), format('%I', 'Foo Bar'), format('%L', 'O''Reilly'), format('%L', NULL), format('%s', NULL), format('%%'), format('%10s|', 'a'), format('%-10s|', 'a'), format('%2$s %1$s', 'a', 'b'), format('%*s', 5, 'a')
SELECT format('%s', 1.50), format('%s %s', 1, true), format('%s', date '2024-01-01')
SELECT format('%s')
SELECT format('%d', 1)
SELECT format(NULL, 1)
SELECT initcap('hello WORLD-foo bar_baz 1abc'), initcap('o''neil'), initcap('élan ünï')
SELECT ltrim('zzzytest', 'xyz'), rtrim('testxxzx', 'xyz'), btrim('xyxtrimyyx', 'xyz'), trim('  a  '), trim(both 'x' from 'xax'), trim(leading 'x' from 'xax'), trim(trailing 'x' from 'xax'), ltrim('  a '), rtrim(' a  ')
SELECT trim('xax', 'x'), trim(from ' a '), trim(E'\t a \n')
SELECT position('om' in 'Thomas'), position('' in 'abc'), position('z' in 'abc'), strpos('high', 'ig'), position('ï' in 'ünï')
SELECT left('abcde', 2), left('abcde', -2), left('abc', -5), left('abc', 0), right('abcde', 2), right('abcde', -2), right('abc', -5), left('ünï', 2), right('ünï', 1), left(NULL, 1)
SELECT quote_ident('Foo bar'), quote_ident('foo'), quote_ident('select'), quote_literal('O''Re\illy'), quote_literal(42.5), quote_nullable(NULL), quote_literal(NULL)
SELECT length('ünï'), char_length('ünï'), character_length('abc'), octet_length('ünï'), bit_length('abc'), length(''), length(NULL)
SELECT upper('ünï'), lower('ÜNÏ'), upper('straße'), lower('İ')
SELECT substring('Thomas' from 2 for 3), substring('Thomas' from 3), substring('Thomas' for 2), substr('alphabet', 3, 2), substr('alphabet', 3), substring('abc' from 0), substring('abc' from -1 for 3), substring('abc' from 2 for 0), substr('abc', -1, 4), substring('ünï' from 2 for 1)
SELECT substring('abc' from 2 for -1)
SELECT substr('abc', 2, -1)
SELECT substring('foobar' from 'o.b'), substring('foobar' from 'o(.)b'), substring('foobar' from 'z'), substring('Thomas' from '...$'), substring('foobar', 'o(.)b')
SELECT substring('foobar' similar '%#"o_b#"%' escape '#'), substring('foobar' from '%#"o_b#"%' for '#')
SELECT regexp_replace('foobarbaz', 'b..', 'X'), regexp_replace('foobarbaz', 'b..', 'X', 'g'), regexp_replace('foobarbaz', 'b(..)', 'X\1Y', 'g'), regexp_replace('Thomas', '.[mN]a.', 'M'), regexp_replace('ABC', 'b', 'x', 'i'), regexp_replace('aBcb', 'b', 'x', 'gi'), regexp_replace('abc', 'b', '[\&]'), regexp_replace('abc', 'b', '\\'), regexp_replace('abc', 'z', 'q'), regexp_replace('abc', 'b', '$1')
SELECT regexp_replace('a.b.c', '\.', '-', 'g'), regexp_replace('abc', '', 'X', 'g'), regexp_replace('abc', '(b)(c)', '\2\1'), regexp_replace('abc', NULL, 'x'), regexp_replace('a1b2', '\d', '#', 'g'), regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 0, 'i'), regexp_replace('A PostgreSQL function', 'a|e|i|o|u', 'X', 1, 3, 'i')
SELECT regexp_replace('abc', '(', 'x')
SELECT regexp_replace('abc', 'b', 'x', 'q')
SELECT regexp_replace('abc', 'b', 'x', 'z')
SELECT regexp_match('foobarbequebaz', '(bar)(beque)'), regexp_match('foobarbequebaz', 'barbeque'), regexp_match('foo', 'z'), regexp_match('abc', '(z)?b'), regexp_match('ABC', 'b', 'i')
SELECT regexp_matches('foobarbequebazilbarfbonk', '(b[^b]+)(b[^b]+)', 'g')
SELECT regexp_matches('foobarbequebaz', 'ba.', 'g')
SELECT regexp_matches('foo', 'z')
SELECT (regexp_match('a=1', '(\w)=(\d)'))[2]
SELECT regexp_split_to_array('hello world', '\s+'), regexp_split_to_array('a,b,,c', ','), regexp_split_to_array('abc', ''), regexp_split_to_array('abc', 'z')
SELECT regexp_split_to_table('hello my world', '\s+')
SELECT * FROM regexp_split_to_table('a1b2c', '\d')
SELECT regexp_count('abcabc', 'b'), regexp_instr('abcabc', 'c'), regexp_substr('abcabc', 'b.'), regexp_like('abc', 'B', 'i')
SELECT string_to_array('a,b,c', ','), string_to_array('a,b,c', ',', 'b'), string_to_array('abc', NULL), string_to_array('', ','), string_to_array(NULL, ','), string_to_array('abc', '')
SELECT string_to_table('a,b', ',')
SELECT array_to_string(ARRAY['a', NULL, 'c'], ','), array_to_string(ARRAY['a', NULL, 'c'], ',', '*'), array_to_string(ARRAY[1, 2], '-')
SELECT concat('a', 1, NULL, true, 1.5), concat_ws('-', 'a', NULL, 'b', 1), concat_ws(NULL, 'a', 'b'), concat_ws(',', NULL, NULL), concat(NULL)
SELECT 'a' || 1, 1 || 'a', 'a' || 1.50, 'a' || true, 'a' || date '2024-01-01', 'a' || NULL, 'a' || '' || 'b'
SELECT lpad('hi', 5, 'xy'), rpad('hi', 5, 'xy'), lpad('hello', 2), rpad('hello', 2), lpad('hi', 5), lpad('hi', 5, ''), lpad('a', -1), lpad('ü', 3, 'ï'), rpad('', 2, 'ab')
SELECT repeat('ab', 3), repeat('a', 0), repeat('a', -1), reverse('abc'), reverse('ünï'), replace('abcabc', 'b', 'XX'), replace('abc', '', 'x'), replace('abc', 'b', '')
SELECT ascii('a'), ascii('ü'), ascii(''), chr(65), chr(252), ascii('€')
SELECT chr(0)
SELECT chr(-1)
SELECT md5('abc'), md5(''), sha256('abc'), encode('abc', 'hex'), encode('abc', 'base64'), encode('abc'::bytea, 'escape'), decode('616263', 'hex'), decode('YWJj', 'base64')
SELECT decode('xyz', 'hex')
SELECT to_hex(255), to_hex(-1), to_hex(2147483648)
SELECT starts_with('abc', 'ab'), 'abc' ^@ 'ab', starts_with('abc', '')
SELECT unistr('\0061'), normalize('ü', NFD) = 'ü'
SELECT 'abc'::char(5), 'abc'::char(5) || 'x', 'abcdef'::varchar(3), 'abcdef'::char(2), length('ab'::char(5)), 'a'::char(3) = 'a'
SELECT 'abc'::char, 'abc'::bpchar, 'abc'::name, 'abc'::"char"
SELECT E'a\tb\n\\', 'it''s', $$dollar$$, $q$a$b$q$, U&'\0061bc', 'foo' 'bar'
SELECT '' = NULL, '' IS NULL, length('') = 0
SELECT x || y FROM t
SELECT concat(x, y), concat_ws(',', x, y) FROM t
SELECT upper(x), length(x), reverse(x), left(x, 1), right(x, 1) FROM t
SELECT string_agg(x, ',' ORDER BY x) FROM t
SELECT x FROM t WHERE x > 'a' ORDER BY x
SELECT cast('12' AS int) + 1, '12'::int, ' 12 '::int, '1e3'::float8, '1.5'::numeric, '0x1A'::int
SELECT 'a'::int
SELECT ''::int
SELECT '1.5'::int
SELECT '99999999999'::int
SELECT 'NaN'::float8, 'inf'::float8, '-infinity'::float8, '1e400'::float8
SELECT '1e400'::float8
SELECT '2024-13-01'::date
SELECT '2024-02-30'::date
SELECT 'foo'::date
SELECT text 'a', varchar 'b', int '5', numeric '1.50', float8 '1.5', bool 't'
SELECT 1::text, 1.50::text, 1e10::float8::text, 1e-5::float8::text, 0.1::real::text, 1e20::float8::text, 1e15::float8::text, 123456789012345678::float8::text, 1.0::float8::text, 'NaN'::float8::text
SELECT 1e10::float8, 1e15::float8, 1e16::float8, 1e-4::float8, 1e-5::float8, 1.5e300::float8, 0.1::float8 + 0.2::float8, 1::float8/3, 1e10::real, 1.1::real, 16777217::real, 1e7::real, -0.0::float8, '-0'::float8
SELECT to_char(1234.5, '9999.99'), to_char(-5, '999'), to_char(0.5, '0.00'), to_char(1234567, '9,999,999'), to_char(12, '000'), to_char(1.5, 'FM999.99'), to_char(5, 'RN'), to_char(485, 'FMRN'), to_char(12.3, '99.9%'), to_char(-1, '9S'), to_char(-1, 'S9'), to_char(-1.5, '9.9PR'), to_char(12345, '99'), to_char(0, '9.9'), to_char(0.1, 'FM9.99'), to_char(1e10, '9.99EEEE'), to_char(3, '9th'), to_char(100, 'L999'), to_char(1234.567, '9G999D99')
SELECT to_number('1,234.5', '9,999.9'), to_number('-12', 'S99'), to_number('12.34-', '99.99S')
SELECT levenshtein('a', 'b')
SELECT btrim(x, 'a'), ltrim(x, 'aA'), replace(x, 'c', 'C'), translate(x, 'abc', 'xyz') FROM t
SELECT parse_ident('a.b'), pg_typeof(1), pg_typeof('a'), pg_typeof(1.5), pg_typeof(now()), pg_typeof(ARRAY[1])
SELECT convert_to('a', 'UTF8'), convert_from('\x61', 'UTF8'), get_byte('\x61', 0)
SELECT '\x6162'::bytea, 'abc'::bytea, '\xDEADBEEF'::bytea || '\x00', length('\x00ff'::bytea), substring('\x010203'::bytea from 2 for 1)
