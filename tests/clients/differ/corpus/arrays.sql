SELECT ARRAY[1,2,3], ARRAY['a','b'], ARRAY[1.5, 2], ARRAY[NULL, 1], '{}'::int[], ARRAY[]::text[], ARRAY[[1,2],[3,4]], '{1,NULL,3}'::int[], '{"a b",c,"d,e",NULL,"NULL",""}'::text[]
SELECT (ARRAY[1,2,3])[2], (ARRAY[1,2,3])[0], (ARRAY[1,2,3])[4], (ARRAY[1,2,3])[-1], (ARRAY[[1,2],[3,4]])[2][1], (ARRAY[[1,2],[3,4]])[2]
SELECT (ARRAY[1,2,3,4])[2:3], (ARRAY[1,2,3,4])[:2], (ARRAY[1,2,3,4])[3:], (ARRAY[1,2,3,4])[3:2], (ARRAY[1,2,3,4])[0:2], (ARRAY[1,2,3,4])[2:10], (ARRAY[1,2,3,4])[:]
SELECT array_length(ARRAY[1,2,3], 1), array_length(ARRAY[]::int[], 1), array_length(ARRAY[1], 2), cardinality(ARRAY[1,2]), cardinality(ARRAY[]::int[]), array_ndims(ARRAY[1]), array_dims(ARRAY[1,2]), array_upper(ARRAY[1,2], 1), array_lower(ARRAY[1,2], 1), array_ndims(ARRAY[[1],[2]]), array_length(ARRAY[[1,2],[3,4]], 2)
SELECT array_append(ARRAY[1,2], 3), array_prepend(0, ARRAY[1,2]), array_cat(ARRAY[1], ARRAY[2,3]), array_append(NULL::int[], 1), array_remove(ARRAY[1,2,1], 1), array_remove(ARRAY[1,NULL], NULL), array_replace(ARRAY[1,2,1], 1, 9), array_position(ARRAY['a','b'], 'b'), array_position(ARRAY['a'], 'z'), array_positions(ARRAY[1,2,1], 1), array_fill(7, ARRAY[3]), trim_array(ARRAY[1,2,3], 1)
SELECT ARRAY[1] || ARRAY[2], ARRAY[1] || 2, 0 || ARRAY[1], ARRAY[1] || NULL, ARRAY['a'] || 'b'::text, NULL::int[] || 1
SELECT ARRAY[1,2,3] @> ARRAY[1], ARRAY[1] <@ ARRAY[1,2], ARRAY[1,2] && ARRAY[2,3], ARRAY[1] && ARRAY[2], ARRAY[1,NULL] @> ARRAY[NULL]::int[], ARRAY[1] @> ARRAY[]::int[], ARRAY[]::int[] && ARRAY[1]
SELECT ARRAY[1,2] = ARRAY[1,2], ARRAY[1,2] < ARRAY[1,3], ARRAY[1,2] < ARRAY[1,2,0], ARRAY[1,NULL] = ARRAY[1,NULL], ARRAY[2] > ARRAY[1,9]
SELECT unnest(ARRAY[3,1,2]) ORDER BY 1
SELECT unnest(ARRAY[]::int[])
SELECT unnest(NULL::int[])
SELECT u FROM unnest(ARRAY[1,2]) u
SELECT unnest(ARRAY[[1,2],[3,4]])
SELECT sum(u) FROM unnest(ARRAY[1,2,3]) u
SELECT array_agg(u ORDER BY u DESC) FROM unnest(ARRAY[1,2,3]) u
SELECT array_to_string(ARRAY[1,NULL,3], ','), array_to_string(ARRAY[1.50, 2], ','), array_to_string(ARRAY[true,false], ','), array_to_string(ARRAY[]::int[], ',')
SELECT array_agg(x ORDER BY x) FROM t
SELECT (array_agg(i ORDER BY i))[1:2] FROM t
SELECT (array_agg(i ORDER BY i))[1] FROM t
SELECT i = ANY(array_agg(k)) FROM u GROUP BY i
SELECT ARRAY[i, i + 1] FROM t
SELECT ARRAY[i, b, n] FROM t WHERE i < 3
SELECT ARRAY[x, y] FROM t
SELECT ARRAY[1,2]::text[], ARRAY['1','2']::int[], '{1,2}'::bigint[], ARRAY[1,2]::text, ARRAY[1.5]::int[]
SELECT ARRAY['a']::int[]
SELECT '{1,2'::int[]
SELECT ARRAY[1,'a']
SELECT ARRAY[1,'2']
SELECT ARRAY[]
SELECT ARRAY[date '2024-01-01'], ARRAY[timestamp '2024-01-01'], ARRAY[true, NULL], ARRAY[interval '1 day']
SELECT array_length(NULL::int[], 1), cardinality(NULL::int[]), (NULL::int[])[1]
SELECT 1 = ANY(ARRAY[1]) AND 2 <> ALL(ARRAY[1])
SELECT ARRAY(SELECT generate_series(1, 3)), ARRAY(SELECT x FROM t ORDER BY x)
SELECT array_position(ARRAY[1,2,3,2], 2, 3), array_sample(ARRAY[1], 1)
SELECT string_to_array('1,2,3', ',')::int[]
SELECT array_max(ARRAY[1,2])
SELECT generate_subscripts(ARRAY['a','b'], 1)
SELECT * FROM generate_subscripts(ARRAY['a','b'], 1) s
SELECT ARRAY[1,2,3] <> ARRAY[1,2], ARRAY[1] IS NULL, ARRAY[NULL] IS NULL
SELECT DISTINCT ARRAY[i % 2] FROM u
SELECT ARRAY[1,2] || ARRAY[[3,4]], ARRAY[[1,2]] || ARRAY[3,4]
SELECT array_to_json(ARRAY[1,2]), to_json(ARRAY['a']), json_build_array(1, 'a')
SELECT a[1], a[2:3] FROM (SELECT ARRAY[5,6,7] AS a) z
SELECT a[i] FROM (SELECT ARRAY[5,6,7] AS a, 2 AS i) z
SELECT i, a FROM t, unnest(string_to_array(x, 'b')) a
SELECT * FROM unnest(ARRAY[1,2]) a, unnest(ARRAY[3,4]) b
SELECT a, b FROM unnest(ARRAY[1,2], ARRAY[3,4,5]) AS z(a, b)
SELECT array_agg(DISTINCT i ORDER BY i) FROM t
SELECT count(DISTINCT a) FROM (VALUES (ARRAY[1]), (ARRAY[1]), (ARRAY[2])) z(a)
SELECT array_cat(ARRAY[1,2], NULL), array_cat(NULL::int[], NULL), array_append(ARRAY[1], NULL), array_prepend(NULL, ARRAY[1])
SELECT array_ndims(ARRAY[]::int[]), array_dims(ARRAY[]::int[]), array_upper(ARRAY[]::int[], 1)
SELECT array_remove(NULL::int[], 1), array_position(ARRAY[1,NULL], NULL), array_replace(ARRAY[1,NULL], NULL, 3)
