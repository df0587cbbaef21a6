-- One table for the file of the e-mail experiment. Its rows have no key: they are numbered in the order of their values, so
-- that every reading gives the same customer the same number (equal rows can take each other's without a difference).

CREATE TABLE public.hillstrom (
    recency    INT,
    history    DOUBLE PRECISION,
    mens       INT,
    womens     INT,
    zip_code   TEXT,
    newbie     INT,
    channel    TEXT,
    segment    TEXT,
    visit      INT,
    conversion INT,
    spend      DOUBLE PRECISION
);

CREATE VIEW public.hillstrom_customers AS
SELECT
    'customer ' || lpad(CAST(row_number() OVER (
        ORDER BY recency, history, mens, womens, zip_code, newbie, channel, segment, visit, conversion, spend
    ) AS TEXT), 6, '0') AS contact_id,
    history, segment, visit, spend
FROM public.hillstrom;
