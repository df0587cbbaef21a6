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
-- happened in the journey's order. An outcome is no place to go back to: who renews is won again.
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
    coalesce(ending.outcome <> 'won', false) AS lost,
    stay.next_state IS NOT NULL AND stay.next_state <> stay.state AND NOT (stay.regressed AND ending.outcome IS NULL)
        AND coalesce(ending.outcome = 'won', true) AS converted,
    stay.visit,
    stay.rework,
    stay.regressed AND ending.outcome IS NULL AS regressed,
    CASE WHEN ending.outcome <> 'won' THEN 0 ELSE stay.skipped END AS skipped
FROM state_intervals(
    journey.state_changes,
    as_of => (SELECT as_of FROM kpi.as_of),
    keep => (account_id, contact_id, track)
) AS stay
LEFT JOIN (
    SELECT state, max(outcome) AS outcome FROM journey.demand_states WHERE outcome IS NOT NULL GROUP BY state
) AS ending ON ending.state = stay.next_state
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
COMMENT ON COLUMN kpi.state_intervals.converted IS 'Whether the journey moved on: the next state is neither lost nor churned, nor an earlier one, nor this one again. Won is a way on wherever it stands: so is a renewal.';
COMMENT ON COLUMN kpi.state_intervals.visit IS 'Which entry of the journey into this state it is, from 1.';
COMMENT ON COLUMN kpi.state_intervals.rework IS 'Whether the journey was in the state before: visit > 1.';
COMMENT ON COLUMN kpi.state_intervals.regressed IS 'Whether the journey went back: the next state is an earlier one by position, and no outcome.';
COMMENT ON COLUMN kpi.state_intervals.skipped IS 'How many positions the journey jumped over on its way to the next state; 0 where it went back, was lost or churned, or stays.';

CREATE VIEW kpi.next_states AS
SELECT state, lead(state) OVER (ORDER BY position, state) AS next_state
FROM journey.demand_states
WHERE outcome IS NULL OR outcome = 'won';
COMMENT ON VIEW kpi.next_states IS 'The way forward: for every demand state but lost and churned, the one that follows it.';
COMMENT ON COLUMN kpi.next_states.state IS 'The demand state.';
COMMENT ON COLUMN kpi.next_states.next_state IS 'The state that follows by position; NULL after the last.';

CREATE VIEW kpi.journey_outcomes AS
SELECT
    first_value(account_id ORDER BY place) AS account_id,
    first_value(contact_id ORDER BY place) AS contact_id,
    track,
    first_value(stakeholder ORDER BY place) AS stakeholder,
    first_value(phase ORDER BY place) AS phase,
    journey_id,
    attempt,
    min(place) = min(opening_place) AS opening,
    min(entered_at) AS entered_at,
    max(ended_at) AS ended_at,
    max(end_outcome) AS outcome
FROM (
    SELECT
        *,
        max(outcome) OVER whole AS end_outcome,
        max(CASE WHEN outcome IS NOT NULL THEN entered_at END) OVER whole AS ended_at,
        min(CASE WHEN outcome IS NULL THEN place END) OVER whole AS opening_place
    FROM (
        SELECT
            stay.*,
            here.phase,
            here.outcome,
            row_number() OVER in_order AS place,
            count(here.outcome) OVER in_order + CASE WHEN here.outcome IS NULL THEN 1 ELSE 0 END AS attempt
        FROM kpi.state_intervals AS stay
        LEFT JOIN journey.demand_states AS here ON here.state = stay.state
        WINDOW in_order AS (PARTITION BY stay.journey_id ORDER BY stay.entered_at, here.position, stay.state, stay.visit)
    ) AS placed
    WINDOW whole AS (PARTITION BY journey_id, attempt)
) AS stay
WHERE outcome IS NULL
GROUP BY journey_id, attempt, track;
COMMENT ON VIEW kpi.journey_outcomes IS 'How journeys end, one row per journey, attempt and conversation track it went through: from the first stay in the track to the outcome. An outcome ends an attempt; what follows is the next one. A journey counts whole in each of its tracks, so rows of different tracks do not add up; those with opening do.';
COMMENT ON COLUMN kpi.journey_outcomes.account_id IS 'The account of the first stay in the track.';
COMMENT ON COLUMN kpi.journey_outcomes.contact_id IS 'The person whose change opened that stay, where known.';
COMMENT ON COLUMN kpi.journey_outcomes.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.journey_outcomes.stakeholder IS 'That person''s role.';
COMMENT ON COLUMN kpi.journey_outcomes.phase IS 'pre-sale or post-sale: where that stay was.';
COMMENT ON COLUMN kpi.journey_outcomes.journey_id IS 'The journey.';
COMMENT ON COLUMN kpi.journey_outcomes.attempt IS 'Which way to an outcome it is, from 1.';
COMMENT ON COLUMN kpi.journey_outcomes.opening IS 'Whether the attempt began in this track.';
COMMENT ON COLUMN kpi.journey_outcomes.entered_at IS 'When it entered the track.';
COMMENT ON COLUMN kpi.journey_outcomes.ended_at IS 'When it came to its outcome; NULL where it has none by kpi.as_of.';
COMMENT ON COLUMN kpi.journey_outcomes.outcome IS 'won, lost or churned; NULL where it is open. An outcome that no state led to makes no row.';
