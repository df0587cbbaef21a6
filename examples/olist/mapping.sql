-- Olist's data as journeys. Olist sells its marketplace to shops, so its customers are the sellers: a seller is an account,
-- the lead that became one is its contact, and what the shop sold through Olist, with the reviews it got, is its life after
-- the sale. Buyers stand as further contacts of the sellers they bought from.

INSERT INTO journey.demand_states (state, position, phase, milestone, outcome) VALUES
    ('lead', 1, 'pre-sale', 'lead', NULL),
    ('won', 2, 'pre-sale', NULL, 'won');

INSERT INTO journey.accounts (account_id, segment, region, created_at)
SELECT seller.seller_id, deal.business_segment, shop.seller_state, deal.won_date
FROM (
    SELECT seller_id FROM public.olist_closed_deals
    UNION
    SELECT seller_id FROM public.olist_order_items
) AS seller
LEFT JOIN public.olist_closed_deals AS deal ON deal.seller_id = seller.seller_id
LEFT JOIN public.olist_sellers AS shop ON shop.seller_id = seller.seller_id;

INSERT INTO journey.contacts (contact_id, account_id, stakeholder, created_at)
SELECT lead.mql_id, deal.seller_id, 'seller', lead.first_contact_date
FROM public.olist_leads AS lead
LEFT JOIN public.olist_closed_deals AS deal ON deal.mql_id = lead.mql_id;

INSERT INTO journey.contacts (contact_id, account_id, stakeholder, created_at)
SELECT buyer.customer_unique_id, item.seller_id, 'buyer', min(bought.order_purchase_timestamp)
FROM public.olist_order_items AS item
JOIN public.olist_orders AS bought ON bought.order_id = item.order_id
JOIN public.olist_customers AS buyer ON buyer.customer_id = bought.customer_id
GROUP BY buyer.customer_unique_id, item.seller_id;

INSERT INTO journey.contents (content_id, format)
SELECT DISTINCT landing_page_id, 'landing page'
FROM public.olist_leads
WHERE landing_page_id IS NOT NULL;

INSERT INTO journey.interactions
    (account_id, contact_id, occurred_at, interaction_id, journey_id, lever, channel, content_id, direction, initiated_by)
SELECT
    deal.seller_id, lead.mql_id, lead.first_contact_date, lead.mql_id AS interaction_id, lead.mql_id AS journey_id, 'channel',
    coalesce(lead.origin, 'unknown'), lead.landing_page_id, 'inbound', 'customer'
FROM public.olist_leads AS lead
LEFT JOIN public.olist_closed_deals AS deal ON deal.mql_id = lead.mql_id;

-- A deal won before its lead's first contact can't be timed: that journey is left out, and reported below.
INSERT INTO journey.state_changes (account_id, contact_id, entered_at, journey_id, state)
SELECT deal.seller_id, lead.mql_id, lead.first_contact_date, lead.mql_id AS journey_id, 'lead'
FROM public.olist_leads AS lead
LEFT JOIN public.olist_closed_deals AS deal ON deal.mql_id = lead.mql_id
WHERE deal.won_date IS NULL OR deal.won_date >= lead.first_contact_date;

INSERT INTO journey.state_changes (account_id, contact_id, entered_at, journey_id, state)
SELECT deal.seller_id, lead.mql_id, deal.won_date, lead.mql_id AS journey_id, 'won'
FROM public.olist_leads AS lead
JOIN public.olist_closed_deals AS deal ON deal.mql_id = lead.mql_id
WHERE deal.won_date >= lead.first_contact_date;

-- The buyer pays price and freight; the freight is what delivering the item cost. Orders that were canceled or turned out
-- unavailable brought nothing and are left out.
INSERT INTO journey.transactions (account_id, contact_id, occurred_at, transaction_id, kind, amount, cost_of_sale)
SELECT
    item.seller_id, buyer.customer_unique_id, bought.order_purchase_timestamp,
    item.order_id || '-' || CAST(item.order_item_id AS TEXT), 'new', item.price + item.freight_value, item.freight_value
FROM public.olist_order_items AS item
JOIN public.olist_orders AS bought ON bought.order_id = item.order_id
LEFT JOIN public.olist_customers AS buyer ON buyer.customer_id = bought.customer_id
WHERE bought.order_status NOT IN ('canceled', 'unavailable');

-- A review speaks of an order; it counts for every seller of that order.
INSERT INTO journey.surveys
    (account_id, contact_id, invited_at, answered_at, survey_id, kind, score, scale_min, scale_max)
SELECT
    item.seller_id, buyer.customer_unique_id, review.review_creation_date, review.review_answer_timestamp,
    review.review_id || '-' || review.order_id || '-' || item.seller_id, 'csat', review.review_score, 1, 5
FROM public.olist_reviews AS review
JOIN (SELECT DISTINCT order_id, seller_id FROM public.olist_order_items) AS item ON item.order_id = review.order_id
JOIN public.olist_orders AS bought ON bought.order_id = review.order_id
LEFT JOIN public.olist_customers AS buyer ON buyer.customer_id = bought.customer_id;

SELECT 'leads won before their first contact' AS left_out, count(*) AS rows
FROM public.olist_leads AS lead
JOIN public.olist_closed_deals AS deal ON deal.mql_id = lead.mql_id
WHERE deal.won_date < lead.first_contact_date
UNION ALL
SELECT 'items of canceled or unavailable orders', count(*)
FROM public.olist_order_items AS item
JOIN public.olist_orders AS bought ON bought.order_id = item.order_id
WHERE bought.order_status IN ('canceled', 'unavailable')
UNION ALL
SELECT 'reviews of orders without an item', count(*)
FROM public.olist_reviews AS review
WHERE review.order_id NOT IN (SELECT order_id FROM public.olist_order_items);
