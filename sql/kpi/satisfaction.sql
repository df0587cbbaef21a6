-- Satisfaction: what customers say, how many say nothing, and what their satisfaction is worth (PPP).

CREATE VIEW kpi.survey_answers AS
SELECT
    account_id,
    contact_id,
    coalesce(contact_id, survey_id) AS respondent,
    kind,
    last_value(score ORDER BY at, survey_id) FILTER (WHERE score IS NOT NULL) AS score
FROM (
    SELECT
        account_id,
        contact_id,
        survey_id,
        kind,
        invited_at,
        coalesce(answered_at, invited_at) AS at,
        CASE
            WHEN coalesce(answered_at, invited_at) > (SELECT as_of FROM kpi.as_of) THEN NULL
            WHEN kind = 'csat' THEN csat_rescale(score, scale_min, scale_max)
            WHEN kind = 'nps' AND score NOT BETWEEN 0 AND 10 THEN NULL
            ELSE score
        END AS score
    FROM journey.surveys
    WHERE coalesce(invited_at, answered_at) <= (SELECT as_of FROM kpi.as_of)
) AS survey
GROUP BY account_id, contact_id, coalesce(contact_id, survey_id), kind;
COMMENT ON VIEW kpi.survey_answers IS 'Everyone who was asked, one row per account, respondent and kind of survey, with the latest explicit answer by kpi.as_of. An answer without a contact counts as a respondent of its own.';
COMMENT ON COLUMN kpi.survey_answers.account_id IS 'The account.';
COMMENT ON COLUMN kpi.survey_answers.contact_id IS 'The contact; NULL for an anonymous answer.';
COMMENT ON COLUMN kpi.survey_answers.respondent IS 'The contact, or the survey where it names none.';
COMMENT ON COLUMN kpi.survey_answers.kind IS 'csat, nps or ces.';
COMMENT ON COLUMN kpi.survey_answers.score IS 'Latest answer, csat rescaled to 1..10; NULL without one.';

CREATE VIEW kpi.csat AS
SELECT
    account_id,
    summary['n'] AS n,
    invited,
    CAST(summary['n'] AS DOUBLE PRECISION) / invited AS coverage,
    summary['csat'] AS csat,
    summary['std_error'] AS std_error,
    summary['ci_low'] AS ci_low,
    summary['ci_high'] AS ci_high
FROM (
    SELECT
        account_id,
        count(*) AS invited,
        csat_summary(score, CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)) AS summary
    FROM kpi.survey_answers
    WHERE kind = 'csat'
    GROUP BY account_id
) AS by_account;
COMMENT ON VIEW kpi.csat IS 'Customer satisfaction of every account: mean of its contacts'' latest answers, rescaled to 1..10, with a t interval. By contact: kpi.ppp_contact.';
COMMENT ON COLUMN kpi.csat.account_id IS 'The account.';
COMMENT ON COLUMN kpi.csat.n IS 'Contacts that answered.';
COMMENT ON COLUMN kpi.csat.invited IS 'Contacts that were asked.';
COMMENT ON COLUMN kpi.csat.coverage IS 'n / invited: silence is informative, so it stands beside every score.';
COMMENT ON COLUMN kpi.csat.csat IS 'Mean score, 1 to 10; NULL without an answer.';
COMMENT ON COLUMN kpi.csat.std_error IS 'Standard error of the estimate.';
COMMENT ON COLUMN kpi.csat.ci_low IS 'Lower end of the interval at journey.confidence_level.';
COMMENT ON COLUMN kpi.csat.ci_high IS 'Upper end of it.';

CREATE VIEW kpi.nps AS
SELECT
    account_id,
    summary['n'] AS n,
    invited,
    CAST(summary['n'] AS DOUBLE PRECISION) / invited AS coverage,
    summary['nps'] AS nps,
    summary['std_error'] AS std_error,
    summary['ci_low'] AS ci_low,
    summary['ci_high'] AS ci_high
FROM (
    SELECT
        account_id,
        count(*) AS invited,
        nps_summary(score, CAST(current_setting('journey.confidence_level') AS DOUBLE PRECISION)) AS summary
    FROM kpi.survey_answers
    WHERE kind = 'nps'
    GROUP BY account_id
) AS by_account;
COMMENT ON VIEW kpi.nps IS 'Net promoter score of every account, from its contacts'' latest answers 0..10: percentage of promoters (9, 10) less that of detractors (0 to 6). Over accounts: nps over kpi.survey_answers.';
COMMENT ON COLUMN kpi.nps.account_id IS 'The account.';
COMMENT ON COLUMN kpi.nps.n IS 'Contacts that answered.';
COMMENT ON COLUMN kpi.nps.invited IS 'Contacts that were asked.';
COMMENT ON COLUMN kpi.nps.coverage IS 'n / invited: silence is informative, so it stands beside every score.';
COMMENT ON COLUMN kpi.nps.nps IS '-100 to 100; NULL without an answer.';
COMMENT ON COLUMN kpi.nps.std_error IS 'Standard error of the estimate.';
COMMENT ON COLUMN kpi.nps.ci_low IS 'Lower end of the interval at journey.confidence_level.';
COMMENT ON COLUMN kpi.nps.ci_high IS 'Upper end of it.';

CREATE VIEW kpi.ppp_contact AS
SELECT
    known.account_id,
    known.contact_id,
    who.stakeholder,
    known.csat,
    known.clv,
    ppp_score(known.csat, known.clv) AS ppp,
    known.csat IS NOT NULL AS answered
FROM (
    SELECT account_id, contact_id, max(csat) AS csat, clv(clv) AS clv
    FROM (
        SELECT account_id, contact_id, score AS csat, CAST(NULL AS DOUBLE PRECISION) AS clv FROM kpi.survey_answers WHERE kind = 'csat'
        UNION ALL
        SELECT account_id, contact_id, NULL, clv FROM kpi.clv
    ) AS entry
    WHERE contact_id IS NOT NULL
    GROUP BY account_id, contact_id
) AS known
LEFT JOIN kpi.stakeholders AS who ON who.contact_id = known.contact_id;
COMMENT ON VIEW kpi.ppp_contact IS 'PPP score of every contact that was asked or paid: its CSAT x its CLV, where an unanswered CSAT counts as 0. Its CLV is of transactions that name it.';
COMMENT ON COLUMN kpi.ppp_contact.account_id IS 'The account.';
COMMENT ON COLUMN kpi.ppp_contact.contact_id IS 'The contact.';
COMMENT ON COLUMN kpi.ppp_contact.stakeholder IS 'The contact''s role.';
COMMENT ON COLUMN kpi.ppp_contact.csat IS 'Latest answer on 1..10; NULL without one.';
COMMENT ON COLUMN kpi.ppp_contact.clv IS 'Sum of its transactions; NULL without any.';
COMMENT ON COLUMN kpi.ppp_contact.ppp IS 'csat x clv; 0 without an answer.';
COMMENT ON COLUMN kpi.ppp_contact.answered IS 'Whether it answered.';

CREATE VIEW kpi.ppp_account AS
SELECT account_id, csat, clv, ppp_score(csat, clv) AS ppp, csat IS NOT NULL AS answered
FROM (
    SELECT account_id, csat(csat) AS csat, clv(clv) AS clv
    FROM (
        SELECT account_id, score AS csat, CAST(NULL AS DOUBLE PRECISION) AS clv FROM kpi.survey_answers WHERE kind = 'csat'
        UNION ALL
        SELECT account_id, NULL, clv FROM kpi.clv
    ) AS entry
    WHERE account_id IS NOT NULL
    GROUP BY account_id
) AS known;
COMMENT ON VIEW kpi.ppp_account IS 'PPP score of every account that was asked or paid: mean CSAT of its answering contacts x its CLV, where an unanswered CSAT counts as 0. How many of its contacts answered: kpi.csat.';
COMMENT ON COLUMN kpi.ppp_account.account_id IS 'The account.';
COMMENT ON COLUMN kpi.ppp_account.csat IS 'Mean of its contacts'' latest answers on 1..10; NULL without one.';
COMMENT ON COLUMN kpi.ppp_account.clv IS 'Sum of its transactions; NULL without any.';
COMMENT ON COLUMN kpi.ppp_account.ppp IS 'csat x clv; 0 without an answer.';
COMMENT ON COLUMN kpi.ppp_account.answered IS 'Whether any contact answered.';

CREATE VIEW kpi.ppp AS
SELECT
    count(*) AS customers,
    count(*) FILTER (WHERE answered) AS answered,
    csat(csat) AS csat,
    avg(clv) AS clv,
    avg(ppp) AS ppp,
    avg(ppp) FILTER (WHERE answered) AS ppp_answering
FROM (
    SELECT csat, clv, ppp, answered FROM kpi.ppp_account
    UNION ALL
    SELECT csat, clv, ppp, answered FROM kpi.ppp_contact WHERE account_id IS NULL
) AS customer
WHERE clv IS NOT NULL;
COMMENT ON VIEW kpi.ppp IS 'PPP score of the company: means over its customers, that is accounts with a transaction, and contacts with one who belong to no account.';
COMMENT ON COLUMN kpi.ppp.customers IS 'Number of customers.';
COMMENT ON COLUMN kpi.ppp.answered IS 'How many of them answered.';
COMMENT ON COLUMN kpi.ppp.csat IS 'Mean CSAT of those that answered.';
COMMENT ON COLUMN kpi.ppp.clv IS 'Mean CLV of all customers.';
COMMENT ON COLUMN kpi.ppp.ppp IS 'Mean PPP of all customers, an unanswered CSAT counting as 0.';
COMMENT ON COLUMN kpi.ppp.ppp_answering IS 'Mean PPP of those that answered: the distance to ppp is the effect of silence.';
