-- An e-mail experiment as journeys: its arms are assignments, with the spend of the year before as baseline, and what
-- customers did in the two weeks after are interactions and transactions. Customers are people: there are no accounts.
-- The source has no dates but these two weeks: the e-mails go out on a day 0 of our choosing, the outcomes fall on day 14.

INSERT INTO journey.contacts (contact_id, created_at)
SELECT contact_id, TIMESTAMPTZ '2008-03-01 00:00:00Z'
FROM public.hillstrom_customers;

INSERT INTO journey.assignments (experiment, contact_id, arm, assigned_at, baseline)
SELECT
    'e-mail', contact_id, CASE segment WHEN 'No E-Mail' THEN 'control' ELSE segment END,
    TIMESTAMPTZ '2008-03-01 00:00:00Z', history
FROM public.hillstrom_customers;

INSERT INTO journey.interactions
    (contact_id, occurred_at, interaction_id, journey_id, lever, channel, content_id, direction, initiated_by)
SELECT
    contact_id, TIMESTAMPTZ '2008-03-01 00:00:00Z', 'mail to ' || contact_id, contact_id AS journey_id, 'content', 'e-mail', segment,
    'outbound', 'company'
FROM public.hillstrom_customers
WHERE segment <> 'No E-Mail'
UNION ALL
SELECT
    contact_id, TIMESTAMPTZ '2008-03-15 00:00:00Z', 'visit of ' || contact_id, contact_id AS journey_id, 'channel', 'website', NULL,
    'inbound', 'customer'
FROM public.hillstrom_customers
WHERE visit = 1;

INSERT INTO journey.transactions (contact_id, occurred_at, transaction_id, kind, amount)
SELECT contact_id, TIMESTAMPTZ '2008-03-15 00:00:00Z', 'purchase of ' || contact_id, 'new', spend
FROM public.hillstrom_customers
WHERE spend > 0;
