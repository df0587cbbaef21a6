-- Each meeting is a conversion, credited in equal parts to the interactions with that contact through other channels in the
-- 90 days before it, both ends included; the sum of credit by channel, and under NULL the meetings without any.
-- One instant's rows count, whatever their order.

-- journeydb
SELECT touch, sum(linear)
FROM attribution((SELECT {entity}, occurred_at, channel FROM {rows} WHERE channel <> 'meeting'),
                 conversions => (SELECT {entity}, occurred_at FROM {rows} WHERE channel = 'meeting'),
                 lookback => '90 days', entity => ({entity}), touch => channel)
GROUP BY touch

-- duckdb
WITH known AS (SELECT rowid AS id, {entity}, occurred_at, channel FROM {rows} WHERE {known}),
     conversions AS (SELECT * FROM known WHERE channel = 'meeting'),
     touches AS (SELECT conversion.id, touch.channel
                 FROM conversions AS conversion JOIN known AS touch USING ({entity})
                 WHERE touch.channel <> 'meeting'
                   AND touch.occurred_at BETWEEN conversion.occurred_at - INTERVAL 90 DAYS AND conversion.occurred_at),
     touched AS MATERIALIZED (SELECT id, count(*) AS touches FROM touches GROUP BY id)
SELECT channel, sum(1 / touched.touches) FROM touches JOIN touched USING (id) GROUP BY channel
UNION ALL
SELECT NULL, (SELECT count(*) FROM conversions) - (SELECT count(*) FROM touched)

-- clickhouse
WITH entities AS (
    SELECT groupArrayIf(channel, channel NOT IN ('meeting', '')) AS channels,
           groupArrayIf(toUnixTimestamp64Micro(occurred_at), channel NOT IN ('meeting', '')) AS touches,
           groupArrayIf(toUnixTimestamp64Micro(occurred_at), channel = 'meeting') AS conversions
    FROM {rows} WHERE {known} GROUP BY {entity} HAVING notEmpty(conversions)),
near AS (
    SELECT arrayJoin(conversions) AS at,
           arrayFilter((channel, touch) -> touch <= at AND touch >= at - 7776000000000, channels, touches) AS channels
    FROM entities)
SELECT nullIf(touch, '') AS touch, sum(credit)
FROM (SELECT arrayJoin(if(empty(channels), [''], channels)) AS touch, 1 / greatest(1, length(channels)) AS credit FROM near)
GROUP BY touch
