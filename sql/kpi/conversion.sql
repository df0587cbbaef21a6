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

-- A stay is dropped when it has lasted longer than patience_days: the time by which nine of ten have left the state, after
-- Kaplan and Meier, so that those still there count too. Where more than a tenth never leave, that time does not come; then it
-- is the longest that anybody stayed who left. A window of days, as product analytics sets one, would fit one state and not the
-- next.
CREATE VIEW kpi.friction AS
WITH seen AS (
    SELECT
        *,
        (SELECT as_of FROM kpi.as_of) AS as_of,
        date_part('epoch', coalesce(left_at, (SELECT as_of FROM kpi.as_of)) - entered_at) / 86400 AS days
    FROM kpi.state_intervals
    WHERE open OR next_state IS NOT NULL
),
paced AS (
    SELECT
        *,
        velocity(entered_at, left_at, as_of) OVER alike AS median_days,
        coalesce(
            velocity_quantile(0.9, entered_at, left_at, as_of) OVER alike,
            max(CASE WHEN NOT open THEN days END) OVER alike
        ) AS patience_days
    FROM seen
    WINDOW alike AS (PARTITION BY track, state)
),
judged AS (
    SELECT *, open AND coalesce(days > patience_days, false) AS dropped FROM paced
)
SELECT
    stay.track,
    stay.state,
    forward.next_state,
    count(*) AS entered,
    count(*) FILTER (WHERE stay.converted) AS converted,
    count(*) FILTER (WHERE stay.lost) AS lost,
    count(*) FILTER (WHERE stay.regressed) AS regressed,
    count(*) FILTER (WHERE stay.next_state = stay.state) AS repeated,
    count(*) FILTER (WHERE stay.dropped) AS dropped,
    count(*) FILTER (WHERE stay.open AND NOT stay.dropped) AS in_window,
    count(*) FILTER (WHERE stay.skipped > 0) AS skipped,
    count(*) FILTER (WHERE stay.rework) AS rework,
    sum(CASE WHEN stay.rework THEN stay.days ELSE 0 END) AS rework_days,
    max(stay.median_days) AS median_days,
    max(stay.patience_days) AS patience_days,
    sum(stay.days) AS days,
    sum(stay.lost_days) AS lost_days,
    sum(stay.lost_days) / nullif(sum(stay.days), 0) AS lost_share
FROM (
    SELECT
        *,
        CASE
            WHEN converted THEN coalesce(greatest(days - median_days, 0), 0)
            WHEN open AND NOT dropped THEN 0
            ELSE days
        END AS lost_days
    FROM judged
) AS stay
LEFT JOIN kpi.next_states AS forward ON forward.state = stay.state
GROUP BY stay.track, stay.state, forward.next_state;
COMMENT ON VIEW kpi.friction IS 'Where journeys stall, by track and demand state: how entries into the state ended, and the time that was lost there. entered = converted + lost + regressed + repeated + dropped + in_window. By contact, account or period: kpi.state_intervals. Intervals of rate and median: kpi.conversion, kpi.velocity.';
COMMENT ON COLUMN kpi.friction.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.friction.state IS 'The demand state.';
COMMENT ON COLUMN kpi.friction.next_state IS 'The state that follows by position; NULL after the last.';
COMMENT ON COLUMN kpi.friction.entered IS 'Entries into the state.';
COMMENT ON COLUMN kpi.friction.converted IS 'Entries that moved on, as in kpi.conversion.';
COMMENT ON COLUMN kpi.friction.lost IS 'Entries whose next state was lost or churned.';
COMMENT ON COLUMN kpi.friction.regressed IS 'Entries that went back to an earlier state.';
COMMENT ON COLUMN kpi.friction.repeated IS 'Entries that were followed by another into the same state.';
COMMENT ON COLUMN kpi.friction.dropped IS 'Entries still there at kpi.as_of for longer than patience_days: not recorded as lost, and not to be expected any more.';
COMMENT ON COLUMN kpi.friction.in_window IS 'Entries still there for no longer than that, or of which nobody knows how long it takes: they may yet move on.';
COMMENT ON COLUMN kpi.friction.skipped IS 'How many of the converted passed over at least one state.';
COMMENT ON COLUMN kpi.friction.rework IS 'Entries of journeys that had been in the state before.';
COMMENT ON COLUMN kpi.friction.rework_days IS 'Days they spent there; a part of days.';
COMMENT ON COLUMN kpi.friction.median_days IS 'Median days in the state, as in kpi.velocity; NULL where half of the entries have not left.';
COMMENT ON COLUMN kpi.friction.patience_days IS 'Days by which nine of ten entries have left, open ones counted for as long as they were seen (Kaplan-Meier); where so many never do, the longest that an entry stayed before it left; NULL where none has.';
COMMENT ON COLUMN kpi.friction.days IS 'Days spent in the state until kpi.as_of, by all entries.';
COMMENT ON COLUMN kpi.friction.lost_days IS 'Days lost there: all days of entries that were lost, regressed, repeated or dropped, and of the converted the days beyond median_days (none where that is NULL). Entries in the window have lost nothing yet.';
COMMENT ON COLUMN kpi.friction.lost_share IS 'lost_days / days; NULL where no time was spent.';

CREATE VIEW kpi.track_conversion AS
SELECT
    track,
    phase,
    entered,
    won,
    lost,
    open,
    summary['n'] AS n,
    summary['conversion_rate'] AS conversion_rate,
    summary['std_error'] AS std_error,
    summary['ci_low'] AS ci_low,
    summary['ci_high'] AS ci_high,
    time['median'] AS median_days
FROM (
    SELECT
        track,
        phase,
        count(*) AS entered,
        count(*) FILTER (WHERE outcome = 'won') AS won,
        count(*) FILTER (WHERE outcome <> 'won') AS lost,
        count(*) FILTER (WHERE outcome IS NULL) AS open,
        conversion_summary(
            outcome = 'won',
            CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)
        ) AS summary,
        cumulative_incidence_summary(
            outcome = 'won', entered_at, ended_at, (SELECT as_of FROM kpi.as_of)
        ) AS time
    FROM kpi.journey_outcomes
    GROUP BY track, phase
) AS by_track;
COMMENT ON VIEW kpi.track_conversion IS 'How many of the journeys that enter a conversation track are won: sold to before the sale, renewed after it. A journey counts once in each track it goes through, from its first stay there to its outcome, and again if it sets out anew after an outcome; a track''s rate is that of whole journeys, not of stays in it. The rate is over decided journeys; how many will have been won by when: kpi.time_to_outcome. By stakeholder, contact, account or period: conversion_rate over kpi.journey_outcomes.';
COMMENT ON COLUMN kpi.track_conversion.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.track_conversion.phase IS 'pre-sale or post-sale: where the journey entered the track.';
COMMENT ON COLUMN kpi.track_conversion.entered IS 'Journeys that entered the track.';
COMMENT ON COLUMN kpi.track_conversion.won IS 'Journeys that were won, or renewed.';
COMMENT ON COLUMN kpi.track_conversion.lost IS 'Journeys that were lost or churned.';
COMMENT ON COLUMN kpi.track_conversion.open IS 'Journeys without an outcome at kpi.as_of.';
COMMENT ON COLUMN kpi.track_conversion.n IS 'Journeys the rate is over: all but the open ones.';
COMMENT ON COLUMN kpi.track_conversion.conversion_rate IS 'won / n; NULL where none is decided.';
COMMENT ON COLUMN kpi.track_conversion.std_error IS 'Standard error of the estimate.';
COMMENT ON COLUMN kpi.track_conversion.ci_low IS 'Lower end of the Wilson interval at journey.confidence_level.';
COMMENT ON COLUMN kpi.track_conversion.ci_high IS 'Upper end of it.';
COMMENT ON COLUMN kpi.track_conversion.median_days IS 'Days from entering the track by which half of the journeys that are won by the end of observation were (Aalen-Johansen: lost journeys never will be, open ones still may); NULL where none was.';
