-- Tables for the files of Olist's public data, with the columns that mapping.sql reads. Times in the files have no zone
-- and are taken as UTC.

CREATE TABLE public.olist_leads (
    mql_id             TEXT,
    first_contact_date DATE,
    landing_page_id    TEXT,
    origin             TEXT
);

CREATE TABLE public.olist_closed_deals (
    mql_id           TEXT,
    seller_id        TEXT,
    won_date         TIMESTAMPTZ,
    business_segment TEXT
);

CREATE TABLE public.olist_sellers (
    seller_id    TEXT,
    seller_state TEXT
);

CREATE TABLE public.olist_customers (
    customer_id        TEXT,
    customer_unique_id TEXT
);

CREATE TABLE public.olist_orders (
    order_id                 TEXT,
    customer_id              TEXT,
    order_status             TEXT,
    order_purchase_timestamp TIMESTAMPTZ
);

CREATE TABLE public.olist_order_items (
    order_id      TEXT,
    order_item_id INT,
    seller_id     TEXT,
    price         DOUBLE PRECISION,
    freight_value DOUBLE PRECISION
);

CREATE TABLE public.olist_reviews (
    review_id               TEXT,
    order_id                TEXT,
    review_score            DOUBLE PRECISION,
    review_creation_date    TIMESTAMPTZ,
    review_answer_timestamp TIMESTAMPTZ
);
