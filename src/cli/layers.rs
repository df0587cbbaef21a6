//! The KPI layers of the demo as tables, with what was planted beside what is measured.

use journeydb::demo::Truth;
use journeydb::{Result, Session};

use super::copy::Input;
use super::output::{Form, Printer, Stdout, say};
use super::query::embedded;

/// One layer: what it answers, and the query.
struct Layer {
    title: &'static str,
    sql: String,
}

/// Prints every layer.
pub async fn print_layers(session: &Session, truth: &Truth) -> Result<()> {
    say("");
    for layer in layers(truth) {
        say(layer.title);
        embedded(session, &layer.sql, Input::Statements, &mut Printer::new(Stdout::new(), Form::Table)).await?;
    }
    Ok(())
}

/// From the levers to lift and satisfaction, in the order in which one drives the next.
fn layers(truth: &Truth) -> Vec<Layer> {
    let medians = truth.states.iter().map(|state| row([text(state.state), number(Some(state.median_days))]));
    let lifts = truth.lifts.iter().map(|lift| row([text(lift.experiment), text(lift.arm), number(lift.average_lift)]));
    let accounts = truth.ppp.top.iter().map(|account| row([text(&account.account_id), number(Some(account.ppp))]));
    vec![
        Layer {
            title: "Levers: what was done, and what it cost",
            sql: "SELECT lever, interactions, round(total_cost) AS total_cost \
                  FROM (SELECT lever, sum(total_cost) AS total_cost FROM lever_cost GROUP BY lever) AS cost \
                  LEFT JOIN (SELECT lever, sum(interactions) AS interactions FROM lever_volume GROUP BY lever) AS volume \
                  USING (lever) ORDER BY total_cost DESC"
                .to_owned(),
        },
        Layer {
            title: "Conversion: the share of entries into a state that move on",
            sql: "SELECT track, state, next_state, entered, open, round(conversion_rate, 3) AS conversion_rate, \
                  round(ci_low, 3) AS ci_low, round(ci_high, 3) AS ci_high \
                  FROM conversion ORDER BY entered DESC, track, state LIMIT 8"
                .to_owned(),
        },
        Layer {
            title: "Velocity: median days in a state, open journeys counted as censored; planted over all tracks",
            sql: format!(
                "SELECT track, state, n, open, round(velocity, 1) AS velocity, round(ci_low, 1) AS ci_low, \
                 round(ci_high, 1) AS ci_high, round(planted.days, 1) AS planted \
                 FROM velocity LEFT JOIN (VALUES {}) AS planted (planted_state, days) ON planted_state = state \
                 ORDER BY n DESC, track, state LIMIT 8",
                list(medians)
            ),
        },
        Layer {
            title: "Lift: lifetime value added by each treatment, against its control",
            sql: format!(
                "SELECT clv_lift.experiment, clv_lift.arm, n, n_control, round(clv_lift) AS clv_lift, round(ci_low) AS ci_low, \
                 round(ci_high) AS ci_high, round(p_value, 4) AS p_value, round(planted.lift) AS planted \
                 FROM clv_lift LEFT JOIN (VALUES {}) AS planted (experiment, arm, lift) \
                 ON planted.experiment = clv_lift.experiment AND planted.arm = clv_lift.arm ORDER BY 1, 2",
                list(lifts)
            ),
        },
        Layer {
            title: "Satisfaction: customer satisfaction times lifetime value (PPP), of the company",
            sql: "SELECT customers, answered, round(csat, 2) AS csat, round(clv) AS clv, round(ppp) AS ppp, \
                  round(ppp_answering) AS ppp_answering FROM ppp"
                .to_owned(),
        },
        Layer {
            title: "and of its five best accounts",
            sql: format!(
                "SELECT ppp_account.account_id, round(csat, 2) AS csat, round(clv) AS clv, round(ppp) AS ppp, \
                 round(planted.value) AS planted FROM ppp_account \
                 LEFT JOIN (VALUES {}) AS planted (account_id, value) ON planted.account_id = ppp_account.account_id \
                 ORDER BY ppp DESC NULLS LAST LIMIT 5",
                list(accounts)
            ),
        },
    ]
}

fn list(rows: impl Iterator<Item = String>) -> String {
    rows.collect::<Vec<_>>().join(", ")
}

fn row<const N: usize>(values: [String; N]) -> String {
    format!("({})", values.join(", "))
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "NULL".to_owned(), |value| format!("{value:?}"))
}
