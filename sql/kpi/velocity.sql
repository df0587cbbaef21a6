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

-- Watching every journey for no longer than the horizon gives the share by then. Who was not seen for so long says nothing about
-- it: where nobody was, and some are open, there is no estimate. A cross join holds its first relation in memory and is quick
-- where that is the small one.
CREATE VIEW kpi.time_to_outcome AS
SELECT
    track,
    phase,
    outcome,
    horizon_days,
    summary['n'] AS n,
    summary['events'] AS events,
    summary['competing'] AS competing,
    summary['open'] AS open,
    CASE WHEN followed OR summary['open'] = 0 THEN summary['incidence'] END AS incidence,
    CASE WHEN followed OR summary['open'] = 0 THEN summary['std_error'] END AS std_error,
    CASE WHEN followed OR summary['open'] = 0 THEN summary['ci_low'] END AS ci_low,
    CASE WHEN followed OR summary['open'] = 0 THEN summary['ci_high'] END AS ci_high,
    CASE WHEN followed OR summary['open'] = 0 THEN summary['median'] END AS median_days
FROM (
    SELECT
        journey.track,
        journey.phase,
        ending.outcome,
        horizon.days AS horizon_days,
        cumulative_incidence_summary(
            journey.outcome = ending.outcome,
            journey.entered_at,
            journey.ended_at,
            least((SELECT as_of FROM kpi.as_of), journey.entered_at + horizon.span),
            CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)
        ) AS summary,
        coalesce(
            bool_or(coalesce(journey.ended_at, (SELECT as_of FROM kpi.as_of)) >= journey.entered_at + horizon.span), true
        ) AS followed
    FROM (
        VALUES (30, INTERVAL '30 days'), (90, INTERVAL '90 days'), (365, INTERVAL '365 days'), (NULL, NULL)
    ) AS horizon(days, span)
    CROSS JOIN (VALUES ('won'), ('lost'), ('churned')) AS ending(outcome)
    CROSS JOIN kpi.journey_outcomes AS journey
    WHERE journey.opening
    GROUP BY journey.track, journey.phase, ending.outcome, horizon.days
    HAVING bool_or(journey.outcome = ending.outcome)
) AS by_outcome;
COMMENT ON VIEW kpi.time_to_outcome IS 'How many journeys come to each outcome, and how soon: cumulative incidence with competing risks (Aalen-Johansen), by the track and phase in which the journey began, by 30, 90 and 365 days and by the end of observation. A journey that comes to one outcome never comes to another, one that is open still may. One row per outcome that was seen. By stakeholder, account or period: cumulative_incidence_summary over kpi.journey_outcomes.';
COMMENT ON COLUMN kpi.time_to_outcome.track IS 'The conversation track the journey began in.';
COMMENT ON COLUMN kpi.time_to_outcome.phase IS 'pre-sale or post-sale: where it began.';
COMMENT ON COLUMN kpi.time_to_outcome.outcome IS 'won (after the sale: renewed), lost or churned.';
COMMENT ON COLUMN kpi.time_to_outcome.horizon_days IS 'Days since the journey''s start; NULL for the end of observation, which differs from journey to journey.';
COMMENT ON COLUMN kpi.time_to_outcome.n IS 'Journeys.';
COMMENT ON COLUMN kpi.time_to_outcome.events IS 'Journeys seen to come to the outcome by then.';
COMMENT ON COLUMN kpi.time_to_outcome.competing IS 'Journeys seen to come to another by then.';
COMMENT ON COLUMN kpi.time_to_outcome.open IS 'Journeys seen without an outcome until then, or until kpi.as_of if that was earlier: censored.';
COMMENT ON COLUMN kpi.time_to_outcome.incidence IS 'Share of all journeys that come to the outcome by then; NULL where none was observed for so long.';
COMMENT ON COLUMN kpi.time_to_outcome.std_error IS 'Standard error of the estimate.';
COMMENT ON COLUMN kpi.time_to_outcome.ci_low IS 'Lower end of the log-log interval at journey.confidence_level; NULL where the share is 0 or 1.';
COMMENT ON COLUMN kpi.time_to_outcome.ci_high IS 'Upper end of it.';
COMMENT ON COLUMN kpi.time_to_outcome.median_days IS 'Days by which half of the journeys that come to the outcome by then had; not the median over all journeys, most of which may never come to it.';
