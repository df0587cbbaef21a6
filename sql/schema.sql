-- The journey tables. Keys are text, times are TIMESTAMPTZ (UTC, microseconds), money is DOUBLE PRECISION in one currency per database.
-- Entity and time columns come first, because files are sorted by them.

CREATE TABLE journey.demand_states (
    state     TEXT NOT NULL,
    position  INT,
    phase     TEXT,
    milestone TEXT,
    outcome   TEXT,
    CHECK (phase IN ('pre-sale', 'post-sale')),
    CHECK (milestone IN ('lead', 'opportunity')),
    CHECK (outcome IN ('won', 'lost', 'churned'))
);
COMMENT ON TABLE journey.demand_states IS 'The states a journey moves through, in order, before and after the sale.';
COMMENT ON COLUMN journey.demand_states.state IS 'Name of the demand state.';
COMMENT ON COLUMN journey.demand_states.position IS 'Its place in the journey, 1 first.';
COMMENT ON COLUMN journey.demand_states.phase IS 'pre-sale or post-sale.';
COMMENT ON COLUMN journey.demand_states.milestone IS 'lead or opportunity where the state is that milestone, else NULL.';
COMMENT ON COLUMN journey.demand_states.outcome IS 'won, lost or churned where the state ends a journey, else NULL.';

CREATE TABLE journey.conversation_tracks (
    track            TEXT NOT NULL,
    stakeholder      TEXT,
    state            TEXT,
    information_need TEXT,
    version          INT,
    valid_from       TIMESTAMPTZ,
    valid_to         TIMESTAMPTZ
);
COMMENT ON TABLE journey.conversation_tracks IS 'Conversation tracks: the smallest useful segmentation by stakeholder and information need, per state; a hypothesis that evolves in versions.';
COMMENT ON COLUMN journey.conversation_tracks.track IS 'Name of the track.';
COMMENT ON COLUMN journey.conversation_tracks.stakeholder IS 'The role it speaks to.';
COMMENT ON COLUMN journey.conversation_tracks.state IS 'The demand state it serves.';
COMMENT ON COLUMN journey.conversation_tracks.information_need IS 'What that stakeholder needs to know in that state.';
COMMENT ON COLUMN journey.conversation_tracks.version IS 'Version of the hypothesis, 1 first.';
COMMENT ON COLUMN journey.conversation_tracks.valid_from IS 'From when this version held.';
COMMENT ON COLUMN journey.conversation_tracks.valid_to IS 'Until when it held; NULL while it holds.';

CREATE TABLE journey.accounts (
    account_id     TEXT NOT NULL,
    name           TEXT,
    segment        TEXT,
    industry       TEXT,
    region         TEXT,
    employees      BIGINT,
    annual_revenue DOUBLE PRECISION,
    icp_fit        DOUBLE PRECISION,
    created_at     TIMESTAMPTZ,
    CHECK (icp_fit BETWEEN 0 AND 1)
);
COMMENT ON TABLE journey.accounts IS 'Companies: customers and those that may become customers.';
COMMENT ON COLUMN journey.accounts.account_id IS 'Key of the account.';
COMMENT ON COLUMN journey.accounts.name IS 'Its name.';
COMMENT ON COLUMN journey.accounts.segment IS 'Market segment.';
COMMENT ON COLUMN journey.accounts.industry IS 'Industry.';
COMMENT ON COLUMN journey.accounts.region IS 'Region.';
COMMENT ON COLUMN journey.accounts.employees IS 'Number of employees.';
COMMENT ON COLUMN journey.accounts.annual_revenue IS 'Annual revenue, in the currency of the database.';
COMMENT ON COLUMN journey.accounts.icp_fit IS 'Fit to the ideal customer profile, 0 to 1.';
COMMENT ON COLUMN journey.accounts.created_at IS 'When the account became known.';

CREATE TABLE journey.contacts (
    contact_id   TEXT NOT NULL,
    account_id   TEXT,
    stakeholder  TEXT,
    title        TEXT,
    uses_product BOOLEAN,
    created_at   TIMESTAMPTZ
);
COMMENT ON TABLE journey.contacts IS 'People: every stakeholder of an account, whether or not they use the product.';
COMMENT ON COLUMN journey.contacts.contact_id IS 'Key of the contact.';
COMMENT ON COLUMN journey.contacts.account_id IS 'The account the person belongs to.';
COMMENT ON COLUMN journey.contacts.stakeholder IS 'Role in the buying group: user, administrator, sponsor, signatory.';
COMMENT ON COLUMN journey.contacts.title IS 'Job title.';
COMMENT ON COLUMN journey.contacts.uses_product IS 'Whether the person uses the product.';
COMMENT ON COLUMN journey.contacts.created_at IS 'When the contact became known.';

CREATE TABLE journey.contents (
    content_id       TEXT NOT NULL,
    title            TEXT,
    format           TEXT,
    information_need TEXT,
    track            TEXT,
    state            TEXT,
    production_cost  DOUBLE PRECISION,
    CHECK (production_cost >= 0)
);
COMMENT ON TABLE journey.contents IS 'Pieces of content: articles, videos, demos, events.';
COMMENT ON COLUMN journey.contents.content_id IS 'Key of the content.';
COMMENT ON COLUMN journey.contents.title IS 'Its title.';
COMMENT ON COLUMN journey.contents.format IS 'Article, video, webinar and the like.';
COMMENT ON COLUMN journey.contents.information_need IS 'The information need it answers.';
COMMENT ON COLUMN journey.contents.track IS 'The conversation track it was made for.';
COMMENT ON COLUMN journey.contents.state IS 'The demand state it was made for.';
COMMENT ON COLUMN journey.contents.production_cost IS 'What making it cost.';

CREATE TABLE journey.team_rates (
    team        TEXT NOT NULL,
    valid_from  DATE,
    hourly_cost DOUBLE PRECISION,
    CHECK (hourly_cost >= 0)
);
COMMENT ON TABLE journey.team_rates IS 'What an hour of a team costs, by the date from which it does.';
COMMENT ON COLUMN journey.team_rates.team IS 'The team.';
COMMENT ON COLUMN journey.team_rates.valid_from IS 'First day of the rate.';
COMMENT ON COLUMN journey.team_rates.hourly_cost IS 'Cost of one hour.';

CREATE TABLE journey.interactions (
    account_id       TEXT,
    contact_id       TEXT,
    occurred_at      TIMESTAMPTZ NOT NULL,
    interaction_id   TEXT NOT NULL,
    journey_id       TEXT,
    lever            TEXT,
    channel          TEXT,
    content_id       TEXT,
    team             TEXT,
    tool             TEXT,
    track            TEXT,
    direction        TEXT,
    initiated_by     TEXT,
    trigger          TEXT,
    rule             TEXT,
    feedback         TEXT,
    loop             INT,
    mode             TEXT,
    duration_minutes DOUBLE PRECISION,
    cost             DOUBLE PRECISION,
    CHECK (lever IN ('content', 'team', 'channel')),
    CHECK (direction IN ('inbound', 'outbound')),
    CHECK (initiated_by IN ('customer', 'company', 'system')),
    CHECK (duration_minutes >= 0)
) WITH (entity = 'account_id, contact_id', at = 'occurred_at');
COMMENT ON TABLE journey.interactions IS 'Every touch of every person: content touches, team interactions and engagement channels.';
COMMENT ON COLUMN journey.interactions.account_id IS 'The account touched.';
COMMENT ON COLUMN journey.interactions.contact_id IS 'The person touched.';
COMMENT ON COLUMN journey.interactions.occurred_at IS 'When it happened.';
COMMENT ON COLUMN journey.interactions.interaction_id IS 'Key of the interaction.';
COMMENT ON COLUMN journey.interactions.journey_id IS 'The buying or renewal cycle it belongs to; the account''s id where the source has none.';
COMMENT ON COLUMN journey.interactions.lever IS 'content, team or channel.';
COMMENT ON COLUMN journey.interactions.channel IS 'The engagement channel.';
COMMENT ON COLUMN journey.interactions.content_id IS 'The content touched.';
COMMENT ON COLUMN journey.interactions.team IS 'The team that interacted.';
COMMENT ON COLUMN journey.interactions.tool IS 'The tool it went through.';
COMMENT ON COLUMN journey.interactions.track IS 'The conversation track.';
COMMENT ON COLUMN journey.interactions.direction IS 'inbound or outbound.';
COMMENT ON COLUMN journey.interactions.initiated_by IS 'customer, company or system.';
COMMENT ON COLUMN journey.interactions.trigger IS 'Microinteraction: what set it off.';
COMMENT ON COLUMN journey.interactions.rule IS 'Microinteraction: the rule it followed.';
COMMENT ON COLUMN journey.interactions.feedback IS 'Microinteraction: the feedback the person got.';
COMMENT ON COLUMN journey.interactions.loop IS 'Microinteraction: which time round, 1 first.';
COMMENT ON COLUMN journey.interactions.mode IS 'Microinteraction: the mode it ran in.';
COMMENT ON COLUMN journey.interactions.duration_minutes IS 'How long it took the team, in minutes.';
COMMENT ON COLUMN journey.interactions.cost IS 'Its own cost, beside people''s time and content.';

CREATE TABLE journey.state_changes (
    account_id TEXT,
    contact_id TEXT,
    entered_at TIMESTAMPTZ NOT NULL,
    journey_id TEXT NOT NULL,
    track      TEXT,
    state      TEXT NOT NULL
) WITH (entity = 'account_id, contact_id', at = 'entered_at');
COMMENT ON TABLE journey.state_changes IS 'When a journey entered each demand state.';
COMMENT ON COLUMN journey.state_changes.account_id IS 'The account.';
COMMENT ON COLUMN journey.state_changes.contact_id IS 'The person, where the change is one person''s.';
COMMENT ON COLUMN journey.state_changes.entered_at IS 'When the state was entered.';
COMMENT ON COLUMN journey.state_changes.journey_id IS 'The journey.';
COMMENT ON COLUMN journey.state_changes.track IS 'The conversation track.';
COMMENT ON COLUMN journey.state_changes.state IS 'The demand state entered.';

CREATE TABLE journey.transactions (
    account_id     TEXT,
    contact_id     TEXT,
    occurred_at    TIMESTAMPTZ NOT NULL,
    transaction_id TEXT NOT NULL,
    journey_id     TEXT,
    kind           TEXT,
    amount         DOUBLE PRECISION,
    cost_of_sale   DOUBLE PRECISION,
    track          TEXT,
    CHECK (kind IN ('new', 'renewal', 'expansion', 'contraction', 'refund')),
    CHECK (kind NOT IN ('contraction', 'refund') OR amount <= 0)
) WITH (entity = 'account_id, contact_id', at = 'occurred_at');
COMMENT ON TABLE journey.transactions IS 'Money: what customers paid, signed; refunds and contractions are negative.';
COMMENT ON COLUMN journey.transactions.account_id IS 'The account that paid.';
COMMENT ON COLUMN journey.transactions.contact_id IS 'The person, where known.';
COMMENT ON COLUMN journey.transactions.occurred_at IS 'When.';
COMMENT ON COLUMN journey.transactions.transaction_id IS 'Key of the transaction.';
COMMENT ON COLUMN journey.transactions.journey_id IS 'The journey it belongs to.';
COMMENT ON COLUMN journey.transactions.kind IS 'new, renewal, expansion, contraction or refund.';
COMMENT ON COLUMN journey.transactions.amount IS 'Signed amount, in the currency of the database.';
COMMENT ON COLUMN journey.transactions.cost_of_sale IS 'What delivering it cost.';
COMMENT ON COLUMN journey.transactions.track IS 'The conversation track.';

CREATE TABLE journey.surveys (
    account_id  TEXT,
    contact_id  TEXT,
    invited_at  TIMESTAMPTZ,
    answered_at TIMESTAMPTZ,
    survey_id   TEXT NOT NULL,
    kind        TEXT,
    score       DOUBLE PRECISION,
    scale_min   DOUBLE PRECISION,
    scale_max   DOUBLE PRECISION,
    CHECK (kind IN ('csat', 'nps', 'ces')),
    CHECK (scale_min < scale_max),
    CHECK (score BETWEEN scale_min AND scale_max),
    CHECK (score IS NULL OR kind = 'nps' OR (scale_min IS NOT NULL AND scale_max IS NOT NULL)),
    CHECK (kind <> 'nps' OR score BETWEEN 0 AND 10)
) WITH (entity = 'account_id, contact_id', at = 'invited_at');
COMMENT ON TABLE journey.surveys IS 'Questions asked about satisfaction, and their answers.';
COMMENT ON COLUMN journey.surveys.account_id IS 'The account asked.';
COMMENT ON COLUMN journey.surveys.contact_id IS 'The person asked.';
COMMENT ON COLUMN journey.surveys.invited_at IS 'When the person was asked.';
COMMENT ON COLUMN journey.surveys.answered_at IS 'When the person answered; NULL without an answer.';
COMMENT ON COLUMN journey.surveys.survey_id IS 'Key of the survey.';
COMMENT ON COLUMN journey.surveys.kind IS 'csat, nps or ces.';
COMMENT ON COLUMN journey.surveys.score IS 'The answer on the survey''s own scale; NULL without an answer.';
COMMENT ON COLUMN journey.surveys.scale_min IS 'Lowest answer possible; a score needs both ends of its scale, but for nps, which is 0 to 10.';
COMMENT ON COLUMN journey.surveys.scale_max IS 'Highest answer possible.';

CREATE TABLE journey.investments (
    investment_id TEXT NOT NULL,
    period_start  DATE,
    period_end    DATE,
    lever         TEXT,
    channel       TEXT,
    content_id    TEXT,
    team          TEXT,
    tool          TEXT,
    track         TEXT,
    amount        DOUBLE PRECISION,
    CHECK (amount >= 0),
    CHECK (period_start <= period_end),
    CHECK (lever IN ('content', 'team', 'channel'))
);
COMMENT ON TABLE journey.investments IS 'Money spent on levers over a period, spread over the touches with the same keys.';
COMMENT ON COLUMN journey.investments.investment_id IS 'Key of the investment.';
COMMENT ON COLUMN journey.investments.period_start IS 'First day it covers.';
COMMENT ON COLUMN journey.investments.period_end IS 'Last day it covers.';
COMMENT ON COLUMN journey.investments.lever IS 'content, team or channel.';
COMMENT ON COLUMN journey.investments.channel IS 'Channel it was spent on; NULL for all.';
COMMENT ON COLUMN journey.investments.content_id IS 'Content it was spent on; NULL for all.';
COMMENT ON COLUMN journey.investments.team IS 'Team it was spent on; NULL for all.';
COMMENT ON COLUMN journey.investments.tool IS 'Tool it was spent on; NULL for all.';
COMMENT ON COLUMN journey.investments.track IS 'Track it was spent on; NULL for all.';
COMMENT ON COLUMN journey.investments.amount IS 'Amount spent over the whole period.';

CREATE TABLE journey.assignments (
    experiment  TEXT NOT NULL,
    account_id  TEXT,
    contact_id  TEXT,
    arm         TEXT NOT NULL,
    assigned_at TIMESTAMPTZ,
    baseline    DOUBLE PRECISION
);
COMMENT ON TABLE journey.assignments IS 'Who was assigned to which arm of which experiment.';
COMMENT ON COLUMN journey.assignments.experiment IS 'Name of the experiment.';
COMMENT ON COLUMN journey.assignments.account_id IS 'The account assigned.';
COMMENT ON COLUMN journey.assignments.contact_id IS 'The person assigned; NULL where whole accounts are.';
COMMENT ON COLUMN journey.assignments.arm IS 'control, or the name of a treatment.';
COMMENT ON COLUMN journey.assignments.assigned_at IS 'When.';
COMMENT ON COLUMN journey.assignments.baseline IS 'Value before the assignment, for variance reduction (CUPED).';

CREATE TABLE journey.ideal_steps (
    ideal            TEXT NOT NULL,
    track            TEXT,
    position         INT,
    state            TEXT,
    stakeholder      TEXT,
    channel          TEXT,
    information_need TEXT,
    target_days      DOUBLE PRECISION,
    required         BOOLEAN
);
COMMENT ON TABLE journey.ideal_steps IS 'The ideal journey, step by step, to hold actual journeys against.';
COMMENT ON COLUMN journey.ideal_steps.ideal IS 'Name of the ideal journey.';
COMMENT ON COLUMN journey.ideal_steps.track IS 'The track it is for; NULL for all.';
COMMENT ON COLUMN journey.ideal_steps.position IS 'Place of the step, 1 first.';
COMMENT ON COLUMN journey.ideal_steps.state IS 'The demand state.';
COMMENT ON COLUMN journey.ideal_steps.stakeholder IS 'Who should be met; NULL for anyone.';
COMMENT ON COLUMN journey.ideal_steps.channel IS 'Through which channel; NULL for any.';
COMMENT ON COLUMN journey.ideal_steps.information_need IS 'What should be answered; NULL for anything.';
COMMENT ON COLUMN journey.ideal_steps.target_days IS 'Days from the start of the journey by which the step should be done.';
COMMENT ON COLUMN journey.ideal_steps.required IS 'Whether it may not be skipped.';

CREATE TABLE journey.objectives (
    account_id TEXT NOT NULL,
    objective  TEXT NOT NULL,
    target     DOUBLE PRECISION,
    due_date   DATE
);
COMMENT ON TABLE journey.objectives IS 'What each account wants to achieve with the product.';
COMMENT ON COLUMN journey.objectives.account_id IS 'The account.';
COMMENT ON COLUMN journey.objectives.objective IS 'The objective.';
COMMENT ON COLUMN journey.objectives.target IS 'The value to reach.';
COMMENT ON COLUMN journey.objectives.due_date IS 'By when.';

CREATE TABLE journey.adoption (
    account_id  TEXT NOT NULL,
    contact_id  TEXT,
    objective   TEXT NOT NULL,
    measured_at TIMESTAMPTZ,
    value       DOUBLE PRECISION
);
COMMENT ON TABLE journey.adoption IS 'Measured progress towards objectives, by person.';
COMMENT ON COLUMN journey.adoption.account_id IS 'The account.';
COMMENT ON COLUMN journey.adoption.contact_id IS 'The person.';
COMMENT ON COLUMN journey.adoption.objective IS 'The objective.';
COMMENT ON COLUMN journey.adoption.measured_at IS 'When it was measured.';
COMMENT ON COLUMN journey.adoption.value IS 'The measured value, in the units of the objective''s target.';

CREATE TABLE journey.benchmarks (
    metric  TEXT NOT NULL,
    segment TEXT,
    p10     DOUBLE PRECISION,
    p25     DOUBLE PRECISION,
    p50     DOUBLE PRECISION,
    p75     DOUBLE PRECISION,
    p90     DOUBLE PRECISION,
    n       BIGINT,
    source  TEXT,
    as_of   DATE
);
COMMENT ON TABLE journey.benchmarks IS 'Percentiles of peers for a metric, to hold one''s own KPIs against.';
COMMENT ON COLUMN journey.benchmarks.metric IS 'The metric.';
COMMENT ON COLUMN journey.benchmarks.segment IS 'The segment of peers.';
COMMENT ON COLUMN journey.benchmarks.p10 IS '10th percentile.';
COMMENT ON COLUMN journey.benchmarks.p25 IS '25th percentile.';
COMMENT ON COLUMN journey.benchmarks.p50 IS 'Median.';
COMMENT ON COLUMN journey.benchmarks.p75 IS '75th percentile.';
COMMENT ON COLUMN journey.benchmarks.p90 IS '90th percentile.';
COMMENT ON COLUMN journey.benchmarks.n IS 'Peers behind it.';
COMMENT ON COLUMN journey.benchmarks.source IS 'Where it comes from.';
COMMENT ON COLUMN journey.benchmarks.as_of IS 'The date it describes.';

CREATE TABLE journey.identities (
    left_id  TEXT NOT NULL,
    right_id TEXT NOT NULL,
    rule     TEXT,
    seen_at  TIMESTAMPTZ
);
COMMENT ON TABLE journey.identities IS 'Edges of the identity graph: two ids that are the same person.';
COMMENT ON COLUMN journey.identities.left_id IS 'One id.';
COMMENT ON COLUMN journey.identities.right_id IS 'The other id.';
COMMENT ON COLUMN journey.identities.rule IS 'The rule that joined them.';
COMMENT ON COLUMN journey.identities.seen_at IS 'When it was seen.';
