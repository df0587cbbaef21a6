-- How many contacts came how far through five steps within 30 days of the first: levels 0 to 5.
--
-- No row satisfies two steps, so ClickHouse's default mode, in which a row may fill several, answers the same. Rows of one
-- instant may be taken in either order everywhere. Times are numbers of microseconds in ClickHouse, because windowFunnel
-- takes no DateTime64. DuckDB has no such function: each step joins the latest attempt that had come to the step before.
-- Its running maxima of attempts' starts by window functions, one step's upon the other's, take four times as long.

-- journeydb
SELECT level, count(*)
FROM funnel({rows},
            steps => ARRAY[channel = 'email', channel = 'web', channel = 'chat', channel = 'phone', channel = 'meeting'],
            within => '30 days', entity => ({entity}))
GROUP BY level

-- duckdb
WITH known AS (SELECT {entity}, occurred_at, channel FROM {rows} WHERE {known}),
     step_1 AS (SELECT {entity}, occurred_at, occurred_at AS started FROM known WHERE channel = 'email'),
     step_2 AS (SELECT step.* EXCLUDE channel, started
                FROM known AS step ASOF JOIN step_1 AS before USING ({entity}, occurred_at)
                WHERE channel = 'web' AND step.occurred_at <= started + INTERVAL 30 DAYS),
     step_3 AS (SELECT step.* EXCLUDE channel, started
                FROM known AS step ASOF JOIN step_2 AS before USING ({entity}, occurred_at)
                WHERE channel = 'chat' AND step.occurred_at <= started + INTERVAL 30 DAYS),
     step_4 AS (SELECT step.* EXCLUDE channel, started
                FROM known AS step ASOF JOIN step_3 AS before USING ({entity}, occurred_at)
                WHERE channel = 'phone' AND step.occurred_at <= started + INTERVAL 30 DAYS),
     step_5 AS (SELECT step.* EXCLUDE channel, started
                FROM known AS step ASOF JOIN step_4 AS before USING ({entity}, occurred_at)
                WHERE channel = 'meeting' AND step.occurred_at <= started + INTERVAL 30 DAYS),
     reached AS (SELECT 0 AS level, count(*) AS entities FROM (SELECT DISTINCT {entity} FROM known)
                 UNION ALL SELECT 1, count(*) FROM (SELECT DISTINCT {entity} FROM step_1)
                 UNION ALL SELECT 2, count(*) FROM (SELECT DISTINCT {entity} FROM step_2)
                 UNION ALL SELECT 3, count(*) FROM (SELECT DISTINCT {entity} FROM step_3)
                 UNION ALL SELECT 4, count(*) FROM (SELECT DISTINCT {entity} FROM step_4)
                 UNION ALL SELECT 5, count(*) FROM (SELECT DISTINCT {entity} FROM step_5)),
     levels AS (SELECT level, entities - lead(entities, 1, 0) OVER (ORDER BY level) AS entities FROM reached)
SELECT * FROM levels WHERE entities > 0

-- clickhouse
SELECT level, count()
FROM (SELECT windowFunnel(2592000000000)(toUInt64(toUnixTimestamp64Micro(occurred_at)),
             channel = 'email', channel = 'web', channel = 'chat', channel = 'phone', channel = 'meeting') AS level
      FROM {rows} WHERE {known} GROUP BY {entity})
GROUP BY level
SETTINGS optimize_aggregation_in_order = 1
