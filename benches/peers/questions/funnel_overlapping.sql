-- The same with a step whose rows also satisfy the two after it. A row fills one step only, so ClickHouse is asked in mode
-- strict_once. DuckDB's chain of joins can't keep a row of one instant from filling two steps: it has no answer here.

-- journeydb
SELECT level, count(*)
FROM funnel({rows},
            steps => ARRAY[channel = 'email', channel = 'web', lever = 'team', channel = 'phone', channel = 'meeting'],
            within => '30 days', entity => ({entity}))
GROUP BY level

-- clickhouse
SELECT level, count()
FROM (SELECT windowFunnel(2592000000000, 'strict_once')(toUInt64(toUnixTimestamp64Micro(occurred_at)),
             channel = 'email', channel = 'web', lever = 'team', channel = 'phone', channel = 'meeting') AS level
      FROM {rows} WHERE {known} GROUP BY {entity})
GROUP BY level
SETTINGS optimize_aggregation_in_order = 1
