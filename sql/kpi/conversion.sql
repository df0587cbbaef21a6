-- Conversion: how many of the journeys that enter a demand state move on.

CREATE VIEW kpi.conversion AS
SELECT
    track,
    state,
    next_state,
    entered,
    converted,
    lost,
    open,
    summary['n'] AS n,
    summary['conversion_rate'] AS conversion_rate,
    summary['std_error'] AS std_error,
    summary['ci_low'] AS ci_low,
    summary['ci_high'] AS ci_high
FROM (
    SELECT
        stay.track,
        stay.state,
        forward.next_state,
        count(*) AS entered,
        count(*) FILTER (WHERE stay.converted) AS converted,
        count(*) FILTER (WHERE stay.lost) AS lost,
        count(*) FILTER (WHERE stay.open) AS open,
        conversion_summary(
            CASE WHEN NOT stay.open THEN stay.converted END,
            CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)
        ) AS summary
    FROM kpi.state_intervals AS stay
    LEFT JOIN kpi.next_states AS forward ON forward.state = stay.state
    WHERE stay.open OR stay.next_state IS NOT NULL
    GROUP BY stay.track, stay.state, forward.next_state
) AS by_state;
COMMENT ON VIEW kpi.conversion IS 'How many entries into a demand state moved on, by track. Each entry counts: a journey that comes back to a state is entered again. The rate is over entries that are decided (n = entered - open); those that went back to an earlier state, or into the same one again, are decided and not converted. By contact, account or period: conversion_rate over kpi.state_intervals.';
COMMENT ON COLUMN kpi.conversion.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.conversion.state IS 'The demand state.';
COMMENT ON COLUMN kpi.conversion.next_state IS 'The state that follows by position; moving further than that is a conversion too.';
COMMENT ON COLUMN kpi.conversion.entered IS 'Entries into the state.';
COMMENT ON COLUMN kpi.conversion.converted IS 'Entries that moved on, to any state that is neither lost nor churned, nor earlier, nor the same again.';
COMMENT ON COLUMN kpi.conversion.lost IS 'Entries whose next state was lost or churned.';
COMMENT ON COLUMN kpi.conversion.open IS 'Entries still there at kpi.as_of.';
COMMENT ON COLUMN kpi.conversion.n IS 'Entries the rate is over: all but the open ones.';
COMMENT ON COLUMN kpi.conversion.conversion_rate IS 'converted / n.';
COMMENT ON COLUMN kpi.conversion.std_error IS 'Standard error of the estimate.';
COMMENT ON COLUMN kpi.conversion.ci_low IS 'Lower end of the Wilson interval at journey.confidence_level.';
COMMENT ON COLUMN kpi.conversion.ci_high IS 'Upper end of it.';
