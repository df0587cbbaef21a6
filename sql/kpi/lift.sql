-- Lift: what customers are worth, what they leave after the cost of reaching them, and how much of it a treatment caused.

CREATE VIEW kpi.clv AS
SELECT
    account_id,
    contact_id,
    track,
    count(*) AS transactions,
    clv(amount) AS clv,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at
FROM journey.transactions
WHERE occurred_at <= (SELECT as_of FROM kpi.as_of)
GROUP BY account_id, contact_id, track;
COMMENT ON VIEW kpi.clv IS 'Customer lifetime value: all transactions up to kpi.as_of. One row per account, contact and track; clv and transactions add up, so sum them for an account, a contact or a track.';
COMMENT ON COLUMN kpi.clv.account_id IS 'The account.';
COMMENT ON COLUMN kpi.clv.contact_id IS 'The contact, where the transaction names one.';
COMMENT ON COLUMN kpi.clv.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.clv.transactions IS 'Number of transactions.';
COMMENT ON COLUMN kpi.clv.clv IS 'Sum of amounts; refunds and contractions are negative.';
COMMENT ON COLUMN kpi.clv.first_at IS 'First transaction.';
COMMENT ON COLUMN kpi.clv.last_at IS 'Last transaction.';

CREATE VIEW kpi.clv_by_period AS
SELECT
    account_id,
    contact_id,
    track,
    period,
    amount,
    sum(amount) OVER (PARTITION BY account_id, contact_id, track ORDER BY period) AS clv
FROM (
    SELECT
        account_id,
        contact_id,
        track,
        CAST(date_trunc(current_setting('journey.period'), occurred_at) AS DATE) AS period,
        clv(amount) AS amount
    FROM journey.transactions
    WHERE occurred_at <= (SELECT as_of FROM kpi.as_of)
    GROUP BY account_id, contact_id, track, CAST(date_trunc(current_setting('journey.period'), occurred_at) AS DATE)
) AS by_period;
COMMENT ON VIEW kpi.clv_by_period IS 'Customer lifetime value over time (journey.period). One row per account, contact, track and period with a transaction; amounts add up, the running total is the row''s own key''s.';
COMMENT ON COLUMN kpi.clv_by_period.account_id IS 'The account.';
COMMENT ON COLUMN kpi.clv_by_period.contact_id IS 'The contact, where the transaction names one.';
COMMENT ON COLUMN kpi.clv_by_period.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.clv_by_period.period IS 'First day of the period.';
COMMENT ON COLUMN kpi.clv_by_period.amount IS 'Sum of amounts in the period.';
COMMENT ON COLUMN kpi.clv_by_period.clv IS 'Sum of amounts from the first to the end of the period.';

CREATE VIEW kpi.cp AS
SELECT
    account_id,
    contact_id,
    track,
    clv(clv) AS clv,
    sum(cost_of_sale) AS cost_of_sale,
    sum(go_to_market_cost) AS go_to_market_cost,
    cp(clv, cost_of_sale + go_to_market_cost) AS cp
FROM (
    SELECT
        account_id, contact_id, track,
        coalesce(amount, 0) AS clv,
        coalesce(cost_of_sale, 0) AS cost_of_sale,
        CAST(0 AS DOUBLE PRECISION) AS go_to_market_cost
    FROM journey.transactions
    WHERE occurred_at <= (SELECT as_of FROM kpi.as_of)
    UNION ALL
    SELECT account_id, contact_id, track, 0, 0, interaction_cost + time_cost + content_cost + investment_cost
    FROM kpi.touch_costs
) AS entry
GROUP BY account_id, contact_id, track;
COMMENT ON VIEW kpi.cp IS 'Customer profitability: CLV - cost of sale - go-to-market cost (own cost, people''s time, content and investments: kpi.touch_costs). One row per account, contact and track; all columns add up, and the row with account unallocated holds what no touch has used, so that the sum is the company''s.';
COMMENT ON COLUMN kpi.cp.account_id IS 'The account, or unallocated.';
COMMENT ON COLUMN kpi.cp.contact_id IS 'The contact, where known.';
COMMENT ON COLUMN kpi.cp.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.cp.clv IS 'Sum of amounts.';
COMMENT ON COLUMN kpi.cp.cost_of_sale IS 'Cost of delivering what was sold.';
COMMENT ON COLUMN kpi.cp.go_to_market_cost IS 'Cost of all interactions.';
COMMENT ON COLUMN kpi.cp.cp IS 'clv - cost_of_sale - go_to_market_cost.';

CREATE VIEW kpi.experiment_values AS
SELECT unit.experiment, unit.arm, unit.level, unit.unit_id, unit.baseline, coalesce(clv(paid.amount), 0) AS clv
FROM (
    SELECT
        experiment,
        arm,
        CASE WHEN contact_id IS NULL THEN 'account' ELSE 'contact' END AS level,
        coalesce(contact_id, account_id) AS unit_id,
        min(assigned_at) AS assigned_at,
        avg(baseline) AS baseline
    FROM journey.assignments
    WHERE assigned_at IS NULL OR assigned_at <= (SELECT as_of FROM kpi.as_of)
    GROUP BY 1, 2, 3, 4
) AS unit
LEFT JOIN (
    SELECT 'account' AS level, account_id AS unit_id, occurred_at, amount FROM journey.transactions
    UNION ALL
    SELECT 'contact', contact_id, occurred_at, amount FROM journey.transactions WHERE contact_id IS NOT NULL
) AS paid
    ON paid.level = unit.level
    AND paid.unit_id = unit.unit_id
    AND (unit.assigned_at IS NULL OR paid.occurred_at >= unit.assigned_at)
    AND paid.occurred_at <= (SELECT as_of FROM kpi.as_of)
GROUP BY unit.experiment, unit.arm, unit.level, unit.unit_id, unit.baseline;
COMMENT ON VIEW kpi.experiment_values IS 'The value of every unit of every experiment: what it paid from its assignment to kpi.as_of, 0 where nothing. A unit is the contact where the assignment names one, else the account; it counts with transactions that name it.';
COMMENT ON COLUMN kpi.experiment_values.experiment IS 'The experiment.';
COMMENT ON COLUMN kpi.experiment_values.arm IS 'control or the treatment.';
COMMENT ON COLUMN kpi.experiment_values.level IS 'contact or account.';
COMMENT ON COLUMN kpi.experiment_values.unit_id IS 'The contact or account.';
COMMENT ON COLUMN kpi.experiment_values.baseline IS 'Value before the assignment, where recorded.';
COMMENT ON COLUMN kpi.experiment_values.clv IS 'Sum of amounts since the assignment.';

-- The function would count units without a baseline unadjusted, beside adjusted ones. So that all units of a comparison are
-- measured alike, one in which a unit lacks it is not adjusted at all: a constant baseline changes nothing.
CREATE VIEW kpi.clv_lift AS
WITH arms AS (
    SELECT experiment, arm, bool_and(baseline IS NOT NULL) AS measured
    FROM journey.assignments
    WHERE assigned_at IS NULL OR assigned_at <= (SELECT as_of FROM kpi.as_of)
    GROUP BY experiment, arm
)
SELECT
    experiment,
    arm,
    summary['n'] AS n,
    summary['n_control'] AS n_control,
    summary['clv_lift'] AS clv_lift,
    summary['relative_lift'] AS relative_lift,
    summary['std_error'] AS std_error,
    summary['ci_low'] AS ci_low,
    summary['ci_high'] AS ci_high,
    summary['p_value'] AS p_value,
    summary['srm_p_value'] AS srm_p_value
FROM (
    SELECT
        compared.experiment,
        compared.arm,
        clv_lift_summary(
            compared.clv,
            compared.treated,
            compared.baseline,
            CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)
        ) AS summary
    FROM (
        SELECT
            unit.experiment,
            arm_pair.arm,
            unit.clv,
            unit.arm <> 'control' AS treated,
            CASE WHEN arm_pair.measured THEN unit.baseline ELSE 0 END AS baseline
        FROM kpi.experiment_values AS unit
        JOIN (
            SELECT treatment.experiment, treatment.arm, treatment.measured AND control.measured AS measured
            FROM arms AS treatment
            JOIN arms AS control ON control.experiment = treatment.experiment
            WHERE treatment.arm <> 'control' AND control.arm = 'control'
        ) AS arm_pair ON arm_pair.experiment = unit.experiment
        WHERE unit.arm IN ('control', arm_pair.arm)
    ) AS compared
    GROUP BY compared.experiment, compared.arm
) AS by_arm;
COMMENT ON VIEW kpi.clv_lift IS 'What a treatment added to customer lifetime value: mean of the treated - mean of control, one row per experiment and treatment, with Welch''s interval; adjusted by the baseline (CUPED) where every unit of both arms has one. Check srm_p_value first: a small one says the arms were not filled as planned.';
COMMENT ON COLUMN kpi.clv_lift.experiment IS 'The experiment.';
COMMENT ON COLUMN kpi.clv_lift.arm IS 'The treatment compared with control.';
COMMENT ON COLUMN kpi.clv_lift.n IS 'Treated units.';
COMMENT ON COLUMN kpi.clv_lift.n_control IS 'Control units.';
COMMENT ON COLUMN kpi.clv_lift.clv_lift IS 'Difference of means.';
COMMENT ON COLUMN kpi.clv_lift.relative_lift IS 'The difference as a share of control''s mean.';
COMMENT ON COLUMN kpi.clv_lift.std_error IS 'Standard error of clv_lift.';
COMMENT ON COLUMN kpi.clv_lift.ci_low IS 'Lower end of the interval of clv_lift at journey.confidence_level.';
COMMENT ON COLUMN kpi.clv_lift.ci_high IS 'Upper end of it.';
COMMENT ON COLUMN kpi.clv_lift.p_value IS 'Two-sided p-value of no difference.';
COMMENT ON COLUMN kpi.clv_lift.srm_p_value IS 'p-value of equally filled arms (sample-ratio mismatch).';
