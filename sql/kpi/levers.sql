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

CREATE VIEW kpi.sale_touches AS
SELECT
    touch.account_id,
    touch.contact_id,
    touch.track,
    touch.lever,
    touch.channel,
    nullif(concat_ws(' ', touch.lever, touch.channel), '') AS lever_channel,
    touch.interaction_id,
    touch.occurred_at,
    sale.transaction_id,
    sale.occurred_at AS sold_at,
    sale.amount
FROM journey.transactions AS sale
JOIN journey.interactions AS touch
    ON touch.account_id = sale.account_id
    AND touch.occurred_at <= sale.occurred_at
    AND touch.occurred_at >= sale.occurred_at - INTERVAL '90 days'
WHERE sale.kind = 'new' AND sale.occurred_at <= (SELECT as_of FROM kpi.as_of);
COMMENT ON VIEW kpi.sale_touches IS 'The interactions with an account in the 90 days before a new sale to it, that instant included; one row per sale and interaction. Whole paths by any other lever: paths(kpi.sale_touches, state => ..., entity => transaction_id).';
COMMENT ON COLUMN kpi.sale_touches.account_id IS 'The account.';
COMMENT ON COLUMN kpi.sale_touches.contact_id IS 'The contact.';
COMMENT ON COLUMN kpi.sale_touches.track IS 'The interaction''s conversation track.';
COMMENT ON COLUMN kpi.sale_touches.lever IS 'content, team or channel.';
COMMENT ON COLUMN kpi.sale_touches.channel IS 'The engagement channel.';
COMMENT ON COLUMN kpi.sale_touches.lever_channel IS 'Both in one text; NULL without either.';
COMMENT ON COLUMN kpi.sale_touches.interaction_id IS 'The interaction.';
COMMENT ON COLUMN kpi.sale_touches.occurred_at IS 'When it happened.';
COMMENT ON COLUMN kpi.sale_touches.transaction_id IS 'The sale.';
COMMENT ON COLUMN kpi.sale_touches.sold_at IS 'When it was made.';
COMMENT ON COLUMN kpi.sale_touches.amount IS 'What it brought.';

-- Whole paths of dozens of touches are all different from each other, and say nothing together: hence how they end.
CREATE VIEW kpi.lever_paths AS
SELECT
    way.path,
    way.truncated,
    count(*) AS sales,
    sum(sale.amount) AS amount,
    CAST(count(*) AS DOUBLE PRECISION) / sum(count(*)) OVER () AS share,
    median(CAST(way.length AS DOUBLE PRECISION)) AS length,
    median(date_part('epoch', way.ended_at - way.started_at) / 86400) AS days
FROM journey.transactions AS sale
LEFT JOIN paths(
    kpi.sale_touches, state => lever_channel, entity => transaction_id, max_length => 3, keep => 'last'
) AS way ON way.transaction_id = sale.transaction_id
WHERE sale.kind = 'new' AND sale.occurred_at <= (SELECT as_of FROM kpi.as_of)
GROUP BY way.path, way.truncated;
COMMENT ON VIEW kpi.lever_paths IS 'In which order levers touch an account before a new sale: the last three of kpi.sale_touches, written lever channel > lever channel, one that repeats at once written once. Sales and amounts add up to all new sales.';
COMMENT ON COLUMN kpi.lever_paths.path IS 'The last three levers before the sale, the latest last; NULL for sales that nothing touched in the 90 days before.';
COMMENT ON COLUMN kpi.lever_paths.truncated IS 'Whether others came before those three; NULL without a path.';
COMMENT ON COLUMN kpi.lever_paths.sales IS 'Number of new sales.';
COMMENT ON COLUMN kpi.lever_paths.amount IS 'What they brought.';
COMMENT ON COLUMN kpi.lever_paths.share IS 'sales / all new sales.';
COMMENT ON COLUMN kpi.lever_paths.length IS 'Median number of levers in the whole path, repeats at once not counted; NULL without a path.';
COMMENT ON COLUMN kpi.lever_paths.days IS 'Median days from the first to the last touch; NULL without a path.';

CREATE VIEW kpi.lever_transitions AS
SELECT
    from_state AS lever_channel,
    to_state AS next_lever_channel,
    transitions,
    CAST(transitions AS DOUBLE PRECISION) / sum(transitions) OVER (PARTITION BY from_state) AS share
FROM transitions(kpi.sale_touches, state => lever_channel, entity => transaction_id);
COMMENT ON VIEW kpi.lever_transitions IS 'Which lever follows which on the way to a new sale: pairs of neighbouring touches in kpi.sale_touches, repeats included.';
COMMENT ON COLUMN kpi.lever_transitions.lever_channel IS 'Lever and channel of a touch.';
COMMENT ON COLUMN kpi.lever_transitions.next_lever_channel IS 'Those of the next touch.';
COMMENT ON COLUMN kpi.lever_transitions.transitions IS 'How often that happened.';
COMMENT ON COLUMN kpi.lever_transitions.share IS 'As a share of all that followed lever_channel.';
