-- A sales pipeline as journeys: every opportunity is one, from the day the company engaged to the day it was won or lost.
-- The product stands as the conversation track, the nearest thing the source has to an information need.

INSERT INTO journey.demand_states (state, position, phase, milestone, outcome) VALUES
    ('engaging', 1, 'pre-sale', 'opportunity', NULL),
    ('won', 2, 'pre-sale', NULL, 'won'),
    ('lost', 3, 'pre-sale', NULL, 'lost');

-- Revenue is in millions. One sector is misspelt in the source.
INSERT INTO journey.accounts (account_id, name, industry, region, employees, annual_revenue)
SELECT
    account, account AS name, CASE sector WHEN 'technolgy' THEN 'technology' ELSE sector END, office_location, employees,
    revenue * 1000000
FROM public.maven_accounts;

-- The pipeline writes "GTXPro" for the product that is "GTX Pro" everywhere else.
CREATE VIEW public.maven_engaged AS
SELECT
    opportunity_id, sales_agent, account, deal_stage, engage_date, close_date, close_value,
    CASE product WHEN 'GTXPro' THEN 'GTX Pro' ELSE product END AS product
FROM public.maven_opportunities
WHERE engage_date IS NOT NULL;

INSERT INTO journey.state_changes (account_id, entered_at, journey_id, track, state)
SELECT account, engage_date, opportunity_id, product, 'engaging'
FROM public.maven_engaged;

INSERT INTO journey.state_changes (account_id, entered_at, journey_id, track, state)
SELECT account, close_date, opportunity_id, product, lower(deal_stage)
FROM public.maven_engaged
WHERE deal_stage IN ('Won', 'Lost');

INSERT INTO journey.interactions
    (account_id, occurred_at, interaction_id, journey_id, lever, channel, team, track, direction, initiated_by)
SELECT
    deal.account, deal.engage_date, deal.opportunity_id, deal.opportunity_id AS journey_id, 'team', 'sales', team.manager, deal.product,
    'outbound', 'company'
FROM public.maven_engaged AS deal
LEFT JOIN public.maven_sales_teams AS team ON team.sales_agent = deal.sales_agent;

INSERT INTO journey.transactions (account_id, occurred_at, transaction_id, journey_id, kind, amount, track)
SELECT account, close_date, opportunity_id, opportunity_id AS journey_id, 'new', close_value, product
FROM public.maven_engaged
WHERE deal_stage = 'Won';

SELECT 'opportunities that nobody has engaged with' AS left_out, count(*) AS rows
FROM public.maven_opportunities
WHERE engage_date IS NULL;
