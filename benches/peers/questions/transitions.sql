-- How often an interaction through one channel is followed by one through another, or the same, with the same contact.
-- Rows of one instant follow each other in the order of their channels.

-- journeydb
SELECT from_state, to_state, transitions FROM transitions({rows}, state => channel, entity => ({entity}))

-- duckdb
SELECT from_state, to_state, count(*)
FROM (SELECT channel AS from_state,
             lead(channel) OVER (PARTITION BY {entity} ORDER BY occurred_at, channel) AS to_state
      FROM {rows} WHERE {known} AND channel IS NOT NULL)
WHERE to_state IS NOT NULL
GROUP BY ALL

-- clickhouse
SELECT from_state, to_state, count()
FROM (SELECT channel AS from_state,
             leadInFrame(toNullable(channel)) OVER (PARTITION BY {entity} ORDER BY occurred_at, channel
                                                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS to_state
      FROM {rows} WHERE {known} AND channel <> '')
WHERE to_state IS NOT NULL
GROUP BY from_state, to_state
