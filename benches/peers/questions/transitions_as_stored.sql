-- The same, where DuckDB trusts the order in which its rows were stored instead of stating one. Its manual guarantees that
-- order to OVER (); the answer is right as long as nothing was inserted since the table was sorted.

-- journeydb
SELECT from_state, to_state, transitions FROM transitions({rows}, state => channel, entity => ({entity}))

-- duckdb
WITH known AS (SELECT ({entity}) AS entity, channel FROM {rows} WHERE {known} AND channel IS NOT NULL),
     pairs AS (SELECT entity, lag(entity) OVER () AS entity_before, channel AS to_state, lag(channel) OVER () AS from_state
               FROM known)
SELECT from_state, to_state, count(*) FROM pairs WHERE entity = entity_before GROUP BY ALL
