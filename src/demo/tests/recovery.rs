//! The planted truth recovered from the rows, each by a plain computation that knows nothing of the simulator.

use std::sync::LazyLock;

use super::warehouse::Warehouse;
use crate::demo::{LiftTruth, Plan};

/// One world for all tests here: about 3,200 accounts.
static WORLD: LazyLock<Warehouse> = LazyLock::new(|| Warehouse::of(Plan::new(2024).interactions(180_000)));

/// Fails unless an estimate lies within some standard errors of the truth.
fn covers(what: &str, estimate: f64, std_error: f64, truth: f64) {
    let errors = (estimate - truth) / std_error;
    assert!(errors.abs() < 4.0, "{what}: {estimate} +- {std_error} against {truth} ({errors:.1} standard errors)");
}

#[test]
fn differences_in_means_find_the_lifts() {
    let truth = &WORLD.demo.truth().lifts;
    assert_eq!(truth.len(), 5);
    for LiftTruth { experiment, unit, arm, units, average_lift } in truth {
        let arms = WORLD.rows(&format!(
            "SELECT max(CASE WHEN arm = 'control' THEN 0 ELSE 1 END) AS treated, count(*) AS n, avg(clv), var_samp(clv) FROM (
               SELECT a.arm, a.{unit}_id, coalesce(sum(t.amount), 0) AS clv
               FROM assignments a LEFT JOIN transactions t ON t.{unit}_id = a.{unit}_id
               WHERE a.experiment = '{experiment}' AND a.arm IN ('control', '{arm}') GROUP BY a.arm, a.{unit}_id)
             GROUP BY arm ORDER BY treated"
        ));
        let [control, treated] = [&arms[0], &arms[1]];
        let std_error = (control[3] / control[1] + treated[3] / treated[1]).sqrt();
        covers(&format!("{experiment}/{arm}"), treated[2] - control[2], std_error, average_lift.unwrap());
        let assigned = WORLD.number(&format!("SELECT count(*) FROM assignments WHERE experiment = '{experiment}'"));
        assert_eq!(assigned, *units as f64);
    }
    let hours: Vec<f64> = truth.iter().take(3).map(|lift| lift.average_lift.unwrap()).collect();
    assert!(hours[1] > hours[0] && hours[2] > hours[1], "more help, more lift: {hours:?}");
    assert!((hours[2] - hours[1]) / 24.0 < (hours[1] - hours[0]) / 6.0, "an hour more earns less and less: {hours:?}");
}

#[test]
fn baselines_foretell_the_outcome() {
    let correlation = "SELECT corr(a.baseline, t.clv) FROM assignments a
        JOIN (SELECT contact_id, sum(amount) AS clv FROM transactions GROUP BY contact_id) t ON t.contact_id = a.contact_id
        WHERE a.experiment = 'executive digest'";
    let account = "SELECT corr(a.baseline, t.clv) FROM assignments a
        JOIN (SELECT account_id, sum(amount) AS clv FROM transactions GROUP BY account_id) t ON t.account_id = a.account_id
        WHERE a.experiment = 'concierge'";
    assert!(WORLD.number(correlation) > 0.5, "{}", WORLD.number(correlation));
    assert!(WORLD.number(account) > 0.5, "{}", WORLD.number(account));
}

/// Visits of the journeys that began in the first year: two more years have ended nearly all of them.
const OLD_VISITS: &str = "SELECT state, next_state, date_part('epoch', left_at - entered_at) / 86400 AS days FROM (
    SELECT s.state, entered_at, lead(entered_at) OVER journey AS left_at, lead(s.state) OVER journey AS next_state,
      min(entered_at) OVER journey AS began
    FROM state_changes s JOIN demand_states d ON d.state = s.state
    WINDOW journey AS (PARTITION BY journey_id ORDER BY entered_at, d.position))
    WHERE began < timestamptz '2023-01-01T00:00:00Z' AND state NOT IN ('won', 'lost', 'churned')";

#[test]
fn medians_of_old_visits_are_the_planted_ones() {
    for truth in &WORLD.demo.truth().states {
        let [n, median, floor, below] = WORLD.row(&format!(
            "SELECT count(*), median(coalesce(days, 10000)), min(days),
               avg(CASE WHEN days <= {} THEN 1.0 ELSE 0.0 END) FROM ({OLD_VISITS}) WHERE state = '{}'",
            truth.median_days, truth.state
        ));
        covers(&format!("{} (median {median})", truth.state), below, 0.5 / n.sqrt(), 0.5);
        assert!(floor > truth.floor_days - 0.001, "{}: a visit of {floor} days", truth.state);
    }
}

#[test]
fn old_visits_end_as_planted() {
    for truth in &WORLD.demo.truth().transitions {
        let [n, share, soon] = WORLD.row(&format!(
            "SELECT count(*), avg(CASE WHEN next_state = '{next}' THEN 1.0 ELSE 0.0 END),
               avg(CASE WHEN next_state = '{next}' AND days <= 30 THEN 1.0 ELSE 0.0 END)
             FROM ({OLD_VISITS}) WHERE state = '{state}'",
            next = truth.next_state,
            state = truth.state
        ));
        let step = format!("{} to {}", truth.state, truth.next_state);
        let std_error = |p: f64| (p * (1.0 - p) / n).sqrt().max(0.5 / n);
        covers(&step, share, std_error(truth.probability), truth.probability);
        covers(&format!("{step} within 30 days"), soon, std_error(truth.within_30_days), truth.within_30_days);
    }
    let states: Vec<&str> = WORLD.demo.truth().states.iter().map(|s| s.state).collect();
    for state in states {
        let exits = WORLD.demo.truth().transitions.iter().filter(|t| t.state == state);
        let total: f64 = exits.map(|t| t.probability).sum();
        assert!((total - 1.0).abs() < 1e-9, "{state}: exits sum to {total}");
    }
}

#[test]
fn no_buying_journey_on_the_ideal_route_is_faster_than_the_organic_floor() {
    let fastest = WORLD.number(
        "SELECT min(date_part('epoch', won - started) / 86400) FROM (
           SELECT journey_id, min(entered_at) AS started, max(CASE WHEN state = 'won' THEN entered_at END) AS won
           FROM state_changes GROUP BY journey_id
           HAVING sum(CASE WHEN state IN ('unaware', 'considering') THEN 1 ELSE 0 END) = 2)",
    );
    let floor = WORLD.demo.truth().cycle.organic_floor_days;
    assert_eq!(floor, 34.5);
    assert!(fastest >= floor && fastest < 2.0 * floor, "{fastest}");
}

#[test]
fn sponsors_decide_and_administrators_are_met() {
    let touches = |role: &str| {
        WORLD.number(&format!(
            "SELECT count(*) FROM interactions i JOIN contacts c ON c.contact_id = i.contact_id WHERE c.stakeholder = '{role}'"
        ))
    };
    assert!(touches("administrator") > 3.0 * touches("sponsor"));
    let decisions = |role: &str| {
        WORLD.number(&format!(
            "SELECT count(*) FROM state_changes s JOIN contacts c ON c.contact_id = s.contact_id
             WHERE s.state = 'won' AND c.stakeholder = '{role}'"
        ))
    };
    assert!(decisions("sponsor") > 100.0);
    assert_eq!(decisions("administrator"), 0.0);
    let [met, unmet] = [1, 0].map(|met| {
        WORLD.number(&format!(
            "SELECT avg(CASE WHEN next_state = 'won' THEN 1.0 ELSE 0.0 END) FROM (
               SELECT journey_id, state, lead(state) OVER (PARTITION BY journey_id ORDER BY entered_at) AS next_state FROM state_changes)
             WHERE state = 'deciding' AND next_state IS NOT NULL AND
               (journey_id IN (SELECT journey_id FROM interactions WHERE channel = 'briefing')) = ({met} = 1)"
        ))
    });
    let log_odds = |p: f64| (p / (1.0 - p)).ln();
    let crude = log_odds(met) - log_odds(unmet);
    let truth = WORLD.demo.truth().stakeholders.sponsor_log_odds;
    assert!(crude > truth - 0.5 && crude < truth + 1.2, "{crude}: the planted effect, confounded with fit");
}

#[test]
fn the_deep_article_earns_ten_times_the_wide_one() {
    for truth in &WORLD.demo.truth().articles {
        let [views, won] = WORLD.row(&format!(
            "SELECT count(*), coalesce(sum(CASE WHEN s.entered_at IS NULL THEN 0 ELSE 1 END), 0) FROM interactions i
             LEFT JOIN state_changes s ON s.journey_id = i.journey_id AND s.state = 'won' AND s.entered_at >= i.occurred_at
             WHERE i.content_id = '{}'",
            truth.content_id
        ));
        covers(truth.content_id, views, truth.views.sqrt(), truth.views);
        covers(&format!("deals after {}", truth.content_id), won, truth.won.sqrt(), truth.won);
    }
    let [wide, deep] = [&WORLD.demo.truth().articles[0], &WORLD.demo.truth().articles[1]];
    assert!((wide.views - 1000.0).abs() < 1.0 && (deep.views - 100.0).abs() < 1.0);
    assert!((deep.won / wide.won - 10.0).abs() < 1e-9);
}

#[test]
fn pressure_lowers_satisfaction() {
    let groups = WORLD.rows(
        "SELECT CASE WHEN touches >= 16 THEN 1 ELSE 0 END AS pressed, count(*) AS n, avg(score), var_samp(score) FROM (
           SELECT s.survey_id, max((s.score - s.scale_min) / (s.scale_max - s.scale_min) * 9 + 1) AS score, count(i.interaction_id) AS touches
           FROM surveys s LEFT JOIN interactions i ON i.contact_id = s.contact_id
             AND i.occurred_at <= s.invited_at AND i.occurred_at > s.invited_at - INTERVAL '28 days'
           WHERE s.kind = 'csat' AND s.score IS NOT NULL GROUP BY s.survey_id)
         GROUP BY 1 ORDER BY 1",
    );
    let std_error = (groups[0][3] / groups[0][1] + groups[1][3] / groups[1][1]).sqrt();
    let difference = groups[1][2] - groups[0][2];
    assert!(difference < -4.0 * std_error && difference > -3.5, "{difference} +- {std_error}");
}

#[test]
fn the_unhappy_stay_silent() {
    let silence = &WORLD.demo.truth().silence;
    let [invited, answered, mean] = WORLD.row(
        "SELECT count(*), count(score), avg((score - scale_min) / (scale_max - scale_min) * 9 + 1) FROM surveys WHERE kind = 'csat'",
    );
    assert_eq!((invited, answered), (silence.invited, silence.answered));
    assert!((mean - silence.mean_of_answered.unwrap()).abs() < 1e-9);
    assert!(mean > silence.mean_of_invited.unwrap() + 0.1, "answers look better than customers feel");
}

#[test]
fn deviations_from_the_ideal_are_as_many_as_planted() {
    let truth = &WORLD.demo.truth().deviations;
    let [journeys, skipped, repeated, out_of_order, late] = WORLD.row(
        "WITH entered AS (SELECT journey_id, state, min(entered_at) AS at, count(*) AS visits FROM state_changes GROUP BY journey_id, state),
         started AS (SELECT journey_id, at AS started FROM entered WHERE state = 'unaware'),
         journey AS (SELECT e.journey_id,
             max(CASE WHEN e.state = 'considering' THEN at END) AS considering,
             max(CASE WHEN e.state = 'evaluating' THEN at END) AS evaluating,
             max(CASE WHEN e.state = 'evaluating' THEN visits END) AS evaluations,
             max(CASE WHEN date_part('epoch', at - started) / 86400 > i.target_days THEN 1.0 ELSE 0.0 END) AS late
           FROM entered e JOIN started s ON s.journey_id = e.journey_id
           LEFT JOIN ideal_steps i ON i.ideal = 'sale' AND i.state = e.state AND i.state <> 'won' GROUP BY e.journey_id)
         SELECT count(*), avg(CASE WHEN evaluating IS NOT NULL AND considering IS NULL THEN 1.0 ELSE 0.0 END),
           avg(CASE WHEN evaluations > 1 THEN 1.0 ELSE 0.0 END), avg(CASE WHEN considering > evaluating THEN 1.0 ELSE 0.0 END),
           avg(late) FROM journey",
    );
    assert_eq!(journeys, truth.journeys as f64);
    assert!((skipped - truth.skipped).abs() < 1e-9 && truth.skipped > 0.04);
    assert!((repeated - truth.repeated).abs() < 1e-9 && truth.repeated > 0.015);
    assert!((out_of_order - truth.out_of_order).abs() < 1e-9 && truth.out_of_order > 0.015);
    assert!((late - truth.late).abs() < 1e-9 && truth.late > 0.1);
}

#[test]
fn ppp_is_satisfaction_times_value() {
    let [customers, answered, clv, mean] = WORLD.row(
        "WITH latest AS (SELECT account_id, (score - scale_min) / (scale_max - scale_min) * 9 + 1 AS csat,
             row_number() OVER (PARTITION BY contact_id ORDER BY answered_at DESC) AS place
           FROM surveys WHERE kind = 'csat' AND score IS NOT NULL),
         satisfied AS (SELECT account_id, avg(csat) AS csat FROM latest WHERE place = 1 GROUP BY account_id),
         paid AS (SELECT account_id, sum(amount) AS clv FROM transactions GROUP BY account_id)
         SELECT count(*), count(csat), sum(clv), avg(coalesce(csat, 0) * clv) FROM paid LEFT JOIN satisfied USING (account_id)",
    );
    let truth = &WORLD.demo.truth().ppp;
    assert_eq!((customers, answered), (truth.customers as f64, truth.answered as f64));
    assert!((clv / truth.total_clv - 1.0).abs() < 1e-9);
    assert!((mean / truth.mean_ppp.unwrap() - 1.0).abs() < 1e-9);
    assert_eq!(truth.top.len(), 5);
    assert!(truth.top.windows(2).all(|pair| pair[0].ppp >= pair[1].ppp));
}

#[test]
fn duplicates_share_their_people() {
    let truth = &WORLD.demo.truth().identities;
    let [contacts, edges] = WORLD.row(
        "SELECT (SELECT count(*) FROM contacts) AS contacts, (SELECT count(*) FROM
           (SELECT DISTINCT least(left_id, right_id) AS one, greatest(left_id, right_id) AS other FROM identities)) AS edges",
    );
    assert_eq!(contacts, truth.contacts as f64);
    assert_eq!(contacts - edges, truth.people as f64, "edges form a forest: each joins one more record to its person");
    assert!(truth.people_with_duplicates > 100 && truth.people_with_duplicates as f64 <= edges);
}

#[test]
fn spend_brings_the_planted_arrivals() {
    for truth in &WORLD.demo.truth().responses {
        let weeks = WORLD.rows(&format!(
            "SELECT week, coalesce(amount, 0), coalesce(arrivals, 0) FROM (SELECT value AS week FROM generate_series(0, 155)) w
             LEFT JOIN (SELECT (arrow_cast(period_start, 'Int32') - 18995) / 7 AS spent, sum(amount) AS amount FROM investments
               WHERE channel = '{channel}' AND period_end = period_start + INTERVAL '6 days' GROUP BY 1) ON spent = week
             LEFT JOIN (SELECT CAST(floor((date_part('epoch', occurred_at) / 86400 - 18995) / 7) AS BIGINT) AS came, count(*) AS arrivals
               FROM interactions WHERE \"trigger\" = 'first touch' AND channel = '{channel}' GROUP BY 1) ON came = week
             ORDER BY week",
            channel = truth.channel
        ));
        assert_eq!(weeks.len(), 156);
        let mut adstock = 0.0;
        let (mut expected, mut came, mut chi_square) = (0.0, 0.0, 0.0);
        for row in &weeks {
            let season = 1.0 + 0.2 * (std::f64::consts::TAU * row[0] / 52.0).sin();
            let base = match (truth.maximum, truth.elasticity) {
                (Some(maximum), _) => {
                    adstock = row[1] + truth.carryover.unwrap() * adstock;
                    let (x, k) =
                        (adstock.powf(truth.slope.unwrap()), truth.half_saturation.unwrap().powf(truth.slope.unwrap()));
                    maximum * x / (x + k)
                }
                (None, Some(elasticity)) => truth.typical_arrivals * (row[1] / truth.typical_spend).powf(elasticity),
                (None, None) => truth.typical_arrivals,
            };
            let mean = base * season;
            expected += mean;
            came += row[2];
            chi_square += if mean > 0.0 { (row[2] - mean).powi(2) / mean } else { row[2] };
        }
        covers(truth.channel, came, expected.sqrt(), expected);
        covers(&format!("{} by week", truth.channel), chi_square, (2.0_f64 * 156.0 * 1.3).sqrt(), 156.0);
    }
}
