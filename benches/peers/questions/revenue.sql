-- The ten contacts with the highest sum of costs. What stands for NULL in ClickHouse is given back as NULL.

-- journeydb
SELECT {entity}, sum(cost) AS revenue FROM {rows} GROUP BY {entity} ORDER BY revenue DESC NULLS LAST, {entity} LIMIT 10

-- duckdb
SELECT {entity}, sum(cost) AS revenue FROM {rows} GROUP BY {entity} ORDER BY revenue DESC NULLS LAST, {entity} LIMIT 10

-- clickhouse
SELECT * APPLY (column -> nullIf(column, defaultValueOfArgumentType(column)))
FROM (SELECT {entity}, sum(cost) AS revenue
      FROM {rows} GROUP BY {entity} ORDER BY revenue DESC NULLS LAST, {entity} LIMIT 10)
