-- Velocity: how long journeys stay in a demand state.

CREATE VIEW kpi.velocity AS
SELECT
    track,
    state,
    next_state,
    summary['n'] AS n,
    summary['open'] AS open,
    summary['velocity'] AS velocity,
    summary['q25'] AS q25,
    summary['q75'] AS q75,
    summary['std_error'] AS std_error,
    summary['ci_low'] AS ci_low,
    summary['ci_high'] AS ci_high
FROM (
    SELECT
        stay.track,
        stay.state,
        forward.next_state,
        velocity_summary(
            stay.entered_at,
            stay.left_at,
            (SELECT as_of FROM kpi.as_of),
            CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)
        ) AS summary
    FROM kpi.state_intervals AS stay
    LEFT JOIN kpi.next_states AS forward ON forward.state = stay.state
    WHERE stay.open OR stay.next_state IS NOT NULL
    GROUP BY stay.track, stay.state, forward.next_state
) AS by_state;
COMMENT ON VIEW kpi.velocity IS 'Median days in a demand state, by track: the Kaplan-Meier estimate in which every exit, to the next state, lost or churned, is an event and only entries still open are censored, at kpi.as_of. Not the time to one outcome among several. By contact, account or period: velocity over kpi.state_intervals.';
COMMENT ON COLUMN kpi.velocity.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.velocity.state IS 'The demand state.';
COMMENT ON COLUMN kpi.velocity.next_state IS 'The state that follows by position.';
COMMENT ON COLUMN kpi.velocity.n IS 'Entries into the state.';
COMMENT ON COLUMN kpi.velocity.open IS 'Entries still there at kpi.as_of: censored.';
COMMENT ON COLUMN kpi.velocity.velocity IS 'Median days in the state; NULL where half of the entries have not left.';
COMMENT ON COLUMN kpi.velocity.q25 IS 'Days by which a quarter has left.';
COMMENT ON COLUMN kpi.velocity.q75 IS 'Days by which three quarters have left.';
COMMENT ON COLUMN kpi.velocity.std_error IS 'Standard error of the median.';
COMMENT ON COLUMN kpi.velocity.ci_low IS 'Lower end of the median''s interval at journey.confidence_level.';
COMMENT ON COLUMN kpi.velocity.ci_high IS 'Upper end of it.';
