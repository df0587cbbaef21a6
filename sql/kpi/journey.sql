-- What the KPI views share: the instant at which everything is observed, who a contact is, and the time journeys spend in
-- each state. Every view looks at rows up to kpi.as_of only, so that the same data and settings give the same answer.

CREATE VIEW kpi.as_of AS
SELECT coalesce(
    CAST(nullif(current_setting('journey.as_of', true), '') AS TIMESTAMPTZ(6)),
    (
        SELECT max(latest)
        FROM (
            SELECT max(created_at) AS latest FROM journey.accounts
            UNION ALL SELECT max(created_at) FROM journey.contacts
            UNION ALL SELECT max(occurred_at) FROM journey.interactions
            UNION ALL SELECT max(entered_at) FROM journey.state_changes
            UNION ALL SELECT max(occurred_at) FROM journey.transactions
            UNION ALL SELECT max(greatest(invited_at, answered_at)) FROM journey.surveys
            UNION ALL SELECT max(assigned_at) FROM journey.assignments
            UNION ALL SELECT max(measured_at) FROM journey.adoption
        ) AS observed
    )
) AS as_of;
COMMENT ON VIEW kpi.as_of IS 'The instant all KPI views look from: the setting journey.as_of, else the latest time anything was observed in the journey tables. Plans (periods of investments, due dates, validity of tracks) are not observations, and the clock is never read.';
COMMENT ON COLUMN kpi.as_of.as_of IS 'Rows after it are ignored; rows equal to it count.';

-- A person may stand in journey.contacts once per account; joining this view never multiplies rows.
CREATE VIEW kpi.stakeholders AS
SELECT contact_id, max(stakeholder) AS stakeholder
FROM journey.contacts
GROUP BY contact_id;
COMMENT ON VIEW kpi.stakeholders IS 'The role of every contact, one row per contact.';
COMMENT ON COLUMN kpi.stakeholders.contact_id IS 'The contact.';
COMMENT ON COLUMN kpi.stakeholders.stakeholder IS 'Its role; the last in alphabetical order where accounts give it several.';

-- state_changes has no row id, so ties in time are broken by the state's position: what was recorded at one instant
-- happened in the journey's order.
CREATE VIEW kpi.state_intervals AS
SELECT
    stay.account_id,
    stay.contact_id,
    stay.track,
    who.stakeholder,
    stay.journey_id,
    stay.state,
    stay.entered_at,
    stay.left_at,
    stay.next_state,
    stay.open,
    bad.state IS NOT NULL AS lost,
    stay.next_state IS NOT NULL AND stay.next_state <> stay.state AND NOT stay.regressed AND bad.state IS NULL AS converted,
    stay.visit,
    stay.rework,
    stay.regressed,
    CASE WHEN bad.state IS NULL THEN stay.skipped ELSE 0 END AS skipped
FROM state_intervals(
    journey.state_changes,
    as_of => (SELECT as_of FROM kpi.as_of),
    keep => (account_id, contact_id, track)
) AS stay
LEFT JOIN (
    SELECT DISTINCT state FROM journey.demand_states WHERE outcome IN ('lost', 'churned')
) AS bad ON bad.state = stay.next_state
LEFT JOIN kpi.stakeholders AS who ON who.contact_id = stay.contact_id;
COMMENT ON VIEW kpi.state_intervals IS 'Every stay of a journey in a demand state, one row per entry: a journey that comes back to a state has another row.';
COMMENT ON COLUMN kpi.state_intervals.account_id IS 'The account.';
COMMENT ON COLUMN kpi.state_intervals.contact_id IS 'The person whose change opened the stay, where known.';
COMMENT ON COLUMN kpi.state_intervals.track IS 'The conversation track on entering.';
COMMENT ON COLUMN kpi.state_intervals.stakeholder IS 'That person''s role.';
COMMENT ON COLUMN kpi.state_intervals.journey_id IS 'The journey.';
COMMENT ON COLUMN kpi.state_intervals.state IS 'The demand state.';
COMMENT ON COLUMN kpi.state_intervals.entered_at IS 'When it was entered.';
COMMENT ON COLUMN kpi.state_intervals.left_at IS 'When the next state was entered; NULL where none was by kpi.as_of.';
COMMENT ON COLUMN kpi.state_intervals.next_state IS 'The state entered next, whichever it was.';
COMMENT ON COLUMN kpi.state_intervals.open IS 'Whether the journey is still there and not at its end: what survival analysis censors. A state with an outcome ends a journey.';
COMMENT ON COLUMN kpi.state_intervals.lost IS 'Whether the next state is lost or churned.';
COMMENT ON COLUMN kpi.state_intervals.converted IS 'Whether the journey moved on: the next state is neither lost nor churned, nor an earlier one, nor this one again.';
COMMENT ON COLUMN kpi.state_intervals.visit IS 'Which entry of the journey into this state it is, from 1.';
COMMENT ON COLUMN kpi.state_intervals.rework IS 'Whether the journey was in the state before: visit > 1.';
COMMENT ON COLUMN kpi.state_intervals.regressed IS 'Whether the next state is an earlier one by position; also where it is lost or churned and stands there.';
COMMENT ON COLUMN kpi.state_intervals.skipped IS 'How many positions the journey jumped over on its way to the next state; 0 where it went back, was lost or churned, or stays.';

CREATE VIEW kpi.next_states AS
SELECT state, lead(state) OVER (ORDER BY position, state) AS next_state
FROM journey.demand_states
WHERE outcome IS NULL OR outcome = 'won';
COMMENT ON VIEW kpi.next_states IS 'The way forward: for every demand state but lost and churned, the one that follows it.';
COMMENT ON COLUMN kpi.next_states.state IS 'The demand state.';
COMMENT ON COLUMN kpi.next_states.next_state IS 'The state that follows by position; NULL after the last.';
