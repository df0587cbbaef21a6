-- One pass over the values of three columns: ids and texts are compared with a constant, so that neither statistics of
-- the files nor the lengths of texts can answer in their place.

-- journeydb
SELECT count(*) FILTER (WHERE contact_id >= {contact}), count(*) FILTER (WHERE channel >= 'm'), sum(cost) FROM {rows}

-- duckdb
SELECT count(*) FILTER (WHERE contact_id >= {contact}), count(*) FILTER (WHERE channel >= 'm'), sum(cost) FROM {rows}

-- clickhouse
SELECT countIf(contact_id >= {contact}), countIf(channel >= 'm'), sum(cost) FROM {rows}
