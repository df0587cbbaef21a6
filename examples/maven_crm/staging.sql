-- Tables for the files of the sales pipeline, with the columns that mapping.sql reads.

CREATE TABLE public.maven_accounts (
    account         TEXT,
    sector          TEXT,
    revenue         DOUBLE PRECISION,
    employees       BIGINT,
    office_location TEXT
);

CREATE TABLE public.maven_sales_teams (
    sales_agent TEXT,
    manager     TEXT
);

CREATE TABLE public.maven_opportunities (
    opportunity_id TEXT,
    sales_agent    TEXT,
    product        TEXT,
    account        TEXT,
    deal_stage     TEXT,
    engage_date    DATE,
    close_date     DATE,
    close_value    DOUBLE PRECISION
);
