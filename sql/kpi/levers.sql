-- Levers: how much is done, with what, and what it costs. A lever is told by its kind, channel, content, team and tool.

CREATE VIEW kpi.lever_volume AS
SELECT
    touch.track,
    who.stakeholder,
    touch.lever,
    touch.channel,
    touch.content_id,
    touch.team,
    touch.tool,
    CAST(date_trunc(current_setting('journey.period'), touch.occurred_at) AS DATE) AS period,
    count(*) AS interactions,
    count(DISTINCT touch.contact_id) AS contacts,
    count(DISTINCT touch.account_id) AS accounts
FROM journey.interactions AS touch
LEFT JOIN kpi.stakeholders AS who ON who.contact_id = touch.contact_id
WHERE touch.occurred_at <= (SELECT as_of FROM kpi.as_of)
GROUP BY
    touch.track, who.stakeholder, touch.lever, touch.channel, touch.content_id, touch.team, touch.tool,
    CAST(date_trunc(current_setting('journey.period'), touch.occurred_at) AS DATE);
COMMENT ON VIEW kpi.lever_volume IS 'How much is done with each lever: interactions, and the people and companies they reached, per period (journey.period). A person or company counts once per row, so interactions add up over rows and the other two do not. By account or contact: journey.interactions.';
COMMENT ON COLUMN kpi.lever_volume.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.lever_volume.stakeholder IS 'The contact''s role.';
COMMENT ON COLUMN kpi.lever_volume.lever IS 'content, team or channel.';
COMMENT ON COLUMN kpi.lever_volume.channel IS 'The engagement channel.';
COMMENT ON COLUMN kpi.lever_volume.content_id IS 'The content.';
COMMENT ON COLUMN kpi.lever_volume.team IS 'The team.';
COMMENT ON COLUMN kpi.lever_volume.tool IS 'The tool.';
COMMENT ON COLUMN kpi.lever_volume.period IS 'First day of the period.';
COMMENT ON COLUMN kpi.lever_volume.interactions IS 'Number of interactions.';
COMMENT ON COLUMN kpi.lever_volume.contacts IS 'Number of different contacts.';
COMMENT ON COLUMN kpi.lever_volume.accounts IS 'Number of different accounts.';

CREATE VIEW kpi.content_touches AS
SELECT content.content_id, content.track, content.production_cost, coalesce(seen.touches, 0) AS touches
FROM journey.contents AS content
LEFT JOIN (
    SELECT content_id, count(*) AS touches
    FROM journey.interactions
    WHERE occurred_at <= (SELECT as_of FROM kpi.as_of)
    GROUP BY content_id
) AS seen ON seen.content_id = content.content_id;
COMMENT ON VIEW kpi.content_touches IS 'What each content cost to make and how often it was touched by kpi.as_of: its cost is shared equally by its touches.';
COMMENT ON COLUMN kpi.content_touches.content_id IS 'The content.';
COMMENT ON COLUMN kpi.content_touches.track IS 'The conversation track it was made for.';
COMMENT ON COLUMN kpi.content_touches.production_cost IS 'What making it cost.';
COMMENT ON COLUMN kpi.content_touches.touches IS 'Interactions with it.';

-- A NULL key of an investment means any value. Cutting investments into the months, levers and channels they can meet
-- lets touches find theirs by equality, in a hash join, where a join on the ranges alone would try every pair.
CREATE VIEW kpi.investment_touches AS
SELECT
    part.investment_id,
    touch.account_id,
    touch.contact_id,
    touch.track,
    touch.lever,
    touch.channel,
    touch.content_id,
    touch.team,
    touch.tool,
    touch.journey_id,
    touch.interaction_id,
    touch.occurred_at
FROM (
    SELECT
        spread.*, used.lever_key, used.channel_key,
        CAST(period_start AS TIMESTAMPTZ(6)) AS begins,
        CAST(last_day AS TIMESTAMPTZ(6)) + INTERVAL '1 day' AS ends
    FROM (
        SELECT
            *,
            CAST(unnest(generate_series(
                date_trunc('month', CAST(period_start AS TIMESTAMP)), CAST(last_day AS TIMESTAMP), INTERVAL '1 month'
            )) AS DATE) AS month
        FROM (
            SELECT
                investment_id, lever, channel, content_id, team, tool, track, period_start,
                least(period_end, CAST((SELECT as_of FROM kpi.as_of) AS DATE)) AS last_day
            FROM journey.investments
        ) AS elapsed
    ) AS spread
    JOIN (
        SELECT DISTINCT coalesce(lever, '') AS lever_key, coalesce(channel, '') AS channel_key
        FROM journey.interactions
    ) AS used ON coalesce(spread.lever, used.lever_key) = used.lever_key
        AND coalesce(spread.channel, used.channel_key) = used.channel_key
) AS part
JOIN journey.interactions AS touch
    ON part.month = CAST(date_trunc('month', touch.occurred_at) AS DATE)
    AND part.lever_key = coalesce(touch.lever, '')
    AND part.channel_key = coalesce(touch.channel, '')
    AND touch.occurred_at >= part.begins
    AND touch.occurred_at < part.ends
    AND (part.content_id IS NULL OR part.content_id = touch.content_id)
    AND (part.team IS NULL OR part.team = touch.team)
    AND (part.tool IS NULL OR part.tool = touch.tool)
    AND (part.track IS NULL OR part.track = touch.track)
WHERE touch.occurred_at <= (SELECT as_of FROM kpi.as_of);
COMMENT ON VIEW kpi.investment_touches IS 'One row per investment and interaction that shares in it: those in its period whose lever, channel, content, team, tool and track equal the investment''s where it names one.';
COMMENT ON COLUMN kpi.investment_touches.investment_id IS 'The investment.';
COMMENT ON COLUMN kpi.investment_touches.account_id IS 'The account.';
COMMENT ON COLUMN kpi.investment_touches.contact_id IS 'The contact.';
COMMENT ON COLUMN kpi.investment_touches.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.investment_touches.lever IS 'content, team or channel.';
COMMENT ON COLUMN kpi.investment_touches.channel IS 'The engagement channel.';
COMMENT ON COLUMN kpi.investment_touches.content_id IS 'The content.';
COMMENT ON COLUMN kpi.investment_touches.team IS 'The team.';
COMMENT ON COLUMN kpi.investment_touches.tool IS 'The tool.';
COMMENT ON COLUMN kpi.investment_touches.journey_id IS 'The journey.';
COMMENT ON COLUMN kpi.investment_touches.interaction_id IS 'The interaction.';
COMMENT ON COLUMN kpi.investment_touches.occurred_at IS 'When it happened.';

CREATE VIEW kpi.investment_rates AS
SELECT investment.*, coalesce(met.touches, 0) AS touches
FROM journey.investments AS investment
LEFT JOIN (
    SELECT investment_id, count(*) AS touches FROM kpi.investment_touches GROUP BY investment_id
) AS met ON met.investment_id = investment.investment_id
WHERE investment.amount > 0
    AND (investment.period_start IS NULL OR investment.period_start <= CAST((SELECT as_of FROM kpi.as_of) AS DATE));
COMMENT ON VIEW kpi.investment_rates IS 'Every investment begun by kpi.as_of and the number of interactions that share in it.';
COMMENT ON COLUMN kpi.investment_rates.investment_id IS 'The investment.';
COMMENT ON COLUMN kpi.investment_rates.period_start IS 'First day it covers.';
COMMENT ON COLUMN kpi.investment_rates.period_end IS 'Last day it covers.';
COMMENT ON COLUMN kpi.investment_rates.lever IS 'Lever it was spent on; NULL for all.';
COMMENT ON COLUMN kpi.investment_rates.channel IS 'Channel it was spent on; NULL for all.';
COMMENT ON COLUMN kpi.investment_rates.content_id IS 'Content it was spent on; NULL for all.';
COMMENT ON COLUMN kpi.investment_rates.team IS 'Team it was spent on; NULL for all.';
COMMENT ON COLUMN kpi.investment_rates.tool IS 'Tool it was spent on; NULL for all.';
COMMENT ON COLUMN kpi.investment_rates.track IS 'Track it was spent on; NULL for all.';
COMMENT ON COLUMN kpi.investment_rates.amount IS 'What it cost over its whole period; an investment begun by kpi.as_of counts whole.';
COMMENT ON COLUMN kpi.investment_rates.touches IS 'Interactions that share in it equally; with none it stays unallocated.';

CREATE VIEW kpi.touch_costs AS
SELECT
    touch.account_id,
    touch.contact_id,
    touch.track,
    touch.lever,
    touch.channel,
    touch.content_id,
    touch.team,
    touch.tool,
    touch.journey_id,
    touch.interaction_id,
    touch.occurred_at,
    coalesce(touch.cost, 0) AS interaction_cost,
    coalesce(touch.duration_minutes / 60 * rate.hourly_cost, 0) AS time_cost,
    coalesce(content.production_cost / content.touches, 0) AS content_cost,
    CAST(0 AS DOUBLE PRECISION) AS investment_cost
FROM journey.interactions AS touch
LEFT JOIN (
    SELECT
        team, hourly_cost, CAST(valid_from AS TIMESTAMPTZ(6)) AS begins,
        CAST(lead(valid_from) OVER (PARTITION BY team ORDER BY valid_from, hourly_cost) AS TIMESTAMPTZ(6)) AS ends
    FROM journey.team_rates
) AS rate
    ON rate.team = touch.team
    AND touch.occurred_at >= rate.begins
    AND (rate.ends IS NULL OR touch.occurred_at < rate.ends)
LEFT JOIN kpi.content_touches AS content ON content.content_id = touch.content_id
WHERE touch.occurred_at <= (SELECT as_of FROM kpi.as_of)
UNION ALL
SELECT
    CASE WHEN investment.touches = 0 THEN 'unallocated' ELSE met.account_id END,
    met.contact_id,
    CASE WHEN investment.touches = 0 THEN investment.track ELSE met.track END,
    CASE WHEN investment.touches = 0 THEN 'unallocated' ELSE met.lever END,
    CASE WHEN investment.touches = 0 THEN investment.channel ELSE met.channel END,
    CASE WHEN investment.touches = 0 THEN investment.content_id ELSE met.content_id END,
    CASE WHEN investment.touches = 0 THEN investment.team ELSE met.team END,
    CASE WHEN investment.touches = 0 THEN investment.tool ELSE met.tool END,
    met.journey_id,
    met.interaction_id,
    CASE WHEN investment.touches = 0 THEN CAST(investment.period_start AS TIMESTAMPTZ(6)) ELSE met.occurred_at END,
    0,
    0,
    0,
    investment.amount / greatest(investment.touches, 1)
FROM kpi.investment_rates AS investment
LEFT JOIN kpi.investment_touches AS met ON met.investment_id = investment.investment_id
UNION ALL
SELECT
    'unallocated', NULL, track, 'unallocated', NULL, content_id, NULL, NULL,
    NULL, NULL, NULL, 0, 0, production_cost, 0
FROM kpi.content_touches
WHERE touches = 0 AND production_cost > 0;
COMMENT ON VIEW kpi.touch_costs IS 'What every interaction cost, in rows that add up to all go-to-market cost: one row per interaction with its own, time and content cost, one per share in an investment, and one marked unallocated per investment or content without a touch.';
COMMENT ON COLUMN kpi.touch_costs.account_id IS 'The account, or unallocated.';
COMMENT ON COLUMN kpi.touch_costs.contact_id IS 'The contact.';
COMMENT ON COLUMN kpi.touch_costs.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.touch_costs.lever IS 'content, team or channel, or unallocated.';
COMMENT ON COLUMN kpi.touch_costs.channel IS 'The engagement channel.';
COMMENT ON COLUMN kpi.touch_costs.content_id IS 'The content.';
COMMENT ON COLUMN kpi.touch_costs.team IS 'The team.';
COMMENT ON COLUMN kpi.touch_costs.tool IS 'The tool.';
COMMENT ON COLUMN kpi.touch_costs.journey_id IS 'The journey.';
COMMENT ON COLUMN kpi.touch_costs.interaction_id IS 'The interaction.';
COMMENT ON COLUMN kpi.touch_costs.occurred_at IS 'When it happened; the first day of an unallocated investment.';
COMMENT ON COLUMN kpi.touch_costs.interaction_cost IS 'The interaction''s own cost.';
COMMENT ON COLUMN kpi.touch_costs.time_cost IS 'Its minutes at the team''s rate of that day; 0 where the team had no rate.';
COMMENT ON COLUMN kpi.touch_costs.content_cost IS 'Its equal share of the content''s production cost.';
COMMENT ON COLUMN kpi.touch_costs.investment_cost IS 'Its equal share of an investment.';

CREATE VIEW kpi.lever_cost AS
SELECT
    cost.track,
    who.stakeholder,
    cost.lever,
    cost.channel,
    cost.content_id,
    cost.team,
    cost.tool,
    CAST(date_trunc(current_setting('journey.period'), cost.occurred_at) AS DATE) AS period,
    sum(cost.interaction_cost) AS interaction_cost,
    sum(cost.time_cost) AS time_cost,
    sum(cost.content_cost) AS content_cost,
    sum(cost.investment_cost) AS investment_cost,
    sum(cost.interaction_cost + cost.time_cost + cost.content_cost + cost.investment_cost) AS total_cost
FROM kpi.touch_costs AS cost
LEFT JOIN kpi.stakeholders AS who ON who.contact_id = cost.contact_id
GROUP BY
    cost.track, who.stakeholder, cost.lever, cost.channel, cost.content_id, cost.team, cost.tool,
    CAST(date_trunc(current_setting('journey.period'), cost.occurred_at) AS DATE);
COMMENT ON VIEW kpi.lever_cost IS 'What each lever costs, per period (journey.period): own cost, people''s time, content production and investments. All columns add up; rows with lever unallocated hold investments and contents that no interaction has used. By account or contact: kpi.touch_costs.';
COMMENT ON COLUMN kpi.lever_cost.track IS 'The conversation track.';
COMMENT ON COLUMN kpi.lever_cost.stakeholder IS 'The contact''s role.';
COMMENT ON COLUMN kpi.lever_cost.lever IS 'content, team or channel, or unallocated.';
COMMENT ON COLUMN kpi.lever_cost.channel IS 'The engagement channel.';
COMMENT ON COLUMN kpi.lever_cost.content_id IS 'The content.';
COMMENT ON COLUMN kpi.lever_cost.team IS 'The team.';
COMMENT ON COLUMN kpi.lever_cost.tool IS 'The tool.';
COMMENT ON COLUMN kpi.lever_cost.period IS 'First day of the period; NULL for content that nobody has touched.';
COMMENT ON COLUMN kpi.lever_cost.interaction_cost IS 'The interactions'' own cost.';
COMMENT ON COLUMN kpi.lever_cost.time_cost IS 'Minutes at the team''s rate valid on the day.';
COMMENT ON COLUMN kpi.lever_cost.content_cost IS 'Share of the contents'' production cost, equal over all touches of a content.';
COMMENT ON COLUMN kpi.lever_cost.investment_cost IS 'Share of investments, equal over the touches in their period with the same lever keys.';
COMMENT ON COLUMN kpi.lever_cost.total_cost IS 'Sum of the four.';
