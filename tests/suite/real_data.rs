//! The examples, end to end: their own scripts turn files into journeys, and the KPIs give the figures that were computed
//! elsewhere. Each runs on the small made-up files of `tests/data` (figures: `tests/golden/examples.py`), and on the public
//! files in the folder that JOURNEYDB_REAL_DATA names; without it, those say that they skip.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use journeydb::server::Printed;
use journeydb::{Database, Outcome, Session};
use serde_json::Value;

/// Where the made-up files are.
fn made_up() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// Where the public files are, if they are.
fn public(example: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("JOURNEYDB_REAL_DATA").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        eprintln!("skipped: JOURNEYDB_REAL_DATA names no folder with the public files of {example}");
    }
    folder.map(PathBuf::from)
}

fn golden(example: &str) -> Value {
    let text = include_str!("../golden/examples.json");
    serde_json::from_str::<Value>(text).unwrap()[example].take()
}

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// A database that an example's script has just made.
struct Loaded {
    session: Session,
    _folder: tempfile::TempDir,
}

impl Loaded {
    async fn with(example: &str, files: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("journeys");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).join("load.sh");
        let program = Path::new(env!("CARGO_BIN_EXE_journeydb")).parent().unwrap().to_owned();
        let path = std::env::join_paths(
            [program].into_iter().chain(std::env::var_os("PATH").iter().flat_map(std::env::split_paths)),
        );
        let run = Command::new("sh").arg(script).arg(files).arg(&data).env("PATH", path.unwrap()).output().unwrap();
        let told = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{example}: {}{told}", String::from_utf8_lossy(&run.stdout));
        let session = Database::open(&data).await.unwrap().session();
        Self { session, _folder: folder }
    }

    async fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let statement = &self.session.parse(sql).unwrap()[0];
        let prepared = self.session.prepare(statement, &[]).await.unwrap();
        let Outcome::Rows(stream) = self.session.execute(&prepared, vec![]).await.unwrap() else {
            panic!("{sql} gives rows")
        };
        let printed = Printed::of(&stream.schema(), "UTC").unwrap();
        let batches: Vec<_> = stream.try_collect().await.unwrap();
        batches.iter().flat_map(|batch| printed.rows(batch).unwrap()).collect()
    }

    /// The one row of a query, as numbers; NULL is NaN.
    async fn row(&self, sql: &str) -> Vec<f64> {
        let rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].iter().map(|value| value.as_ref().map_or(f64::NAN, |text| text.parse().unwrap())).collect()
    }
}

fn assert_close(what: &str, got: f64, expected: f64, relative: f64) {
    assert!((got - expected).abs() <= relative * expected.abs(), "{what}: {got}, expected {expected}");
}

fn assert_all_close(what: &str, got: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(got.len(), expected.len(), "{what}");
    got.iter().zip(expected).for_each(|(got, expected)| assert_close(what, *got, *expected, relative));
}

/// The lines of a CSV file, each a map from field to text.
fn lines(file: &Path) -> Vec<HashMap<String, String>> {
    let open = || std::fs::File::open(file).unwrap();
    let (header, _) = Format::default().with_header(true).infer_schema(open(), Some(0)).unwrap();
    let texts = header.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true));
    let schema = Arc::new(Schema::new(texts.collect::<Vec<_>>()));
    let reader = ReaderBuilder::new(schema).with_header(true).build(open()).unwrap();
    let mut lines = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let text = |column: usize| arrow::util::display::array_value_to_string(batch.column(column), row).unwrap();
            let fields = batch.schema().fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
            lines.push(fields.into_iter().enumerate().map(|(at, name)| (name, text(at))).collect());
        }
    }
    lines
}

/// Olist's funnel: `journeys` leads of which `won` were won, and the share won by each day.
async fn olist_funnel(loaded: &Loaded, journeys: f64, won: f64, by_day: &[(f64, f64)], rounding: f64) {
    let counts = loaded.row("SELECT entered, converted, open, lost FROM conversion WHERE state = 'lead'").await;
    assert_eq!(counts, [journeys, won, journeys - won, 0.0]);
    let counts = loaded.row("SELECT n, open FROM kpi.velocity WHERE state = 'lead'").await;
    assert_eq!(counts, [journeys, journeys - won]);
    // The share won by a day is p where quantiles below p are reached by that day and those above it later. Days are whole,
    // since the source gives first contacts as dates.
    for &(day, share) in by_day {
        let quantiles = loaded
            .row(&format!(
                "SELECT velocity_quantile({}, started, ended, seen), velocity_quantile({}, started, ended, seen) FROM (
                   SELECT CAST(entered_at AS DATE) AS started, CAST(left_at AS DATE) AS ended, CAST(as_of AS DATE) AS seen
                   FROM state_intervals CROSS JOIN kpi.as_of WHERE state = 'lead') AS spell",
                share - rounding,
                share + rounding
            ))
            .await;
        assert!(quantiles[0] <= day, "{share} by day {day}: {quantiles:?}");
        assert!(quantiles[1].is_nan() || quantiles[1] > day, "{share} by day {day}: {quantiles:?}");
    }
}

/// PPP of Olist's sellers, by plain loops over the files.
fn ppp_of_sellers(files: &Path) -> BTreeMap<String, (Option<f64>, Option<f64>)> {
    let files = files.join("olist");
    let buyers: HashMap<String, String> = lines(&files.join("olist_customers_dataset.csv"))
        .into_iter()
        .map(|line| (line["customer_id"].clone(), line["customer_unique_id"].clone()))
        .collect();
    let orders: HashMap<String, (String, bool)> = lines(&files.join("olist_orders_dataset.csv"))
        .into_iter()
        .map(|line| {
            let sold = !["canceled", "unavailable"].contains(&line["order_status"].as_str());
            (line["order_id"].clone(), (buyers[&line["customer_id"]].clone(), sold))
        })
        .collect();
    let mut paid: HashMap<String, f64> = HashMap::new();
    let mut sellers: HashMap<String, HashSet<String>> = HashMap::new();
    for item in lines(&files.join("olist_order_items_dataset.csv")) {
        let amount = item["price"].parse::<f64>().unwrap() + item["freight_value"].parse::<f64>().unwrap();
        if orders[&item["order_id"]].1 {
            *paid.entry(item["seller_id"].clone()).or_default() += amount;
        }
        sellers.entry(item["order_id"].clone()).or_default().insert(item["seller_id"].clone());
    }
    // By seller and buyer: when the latest answer came, which it was, and the score on 1 to 10.
    let mut latest: HashMap<(String, String), (String, String, f64)> = HashMap::new();
    for review in lines(&files.join("olist_order_reviews_dataset.csv")) {
        for seller in sellers.get(&review["order_id"]).into_iter().flatten() {
            let score = 1.0 + 9.0 * (review["review_score"].parse::<f64>().unwrap() - 1.0) / 4.0;
            let survey = format!("{}-{}-{seller}", review["review_id"], review["order_id"]);
            let answer = (review["review_answer_timestamp"].clone(), survey, score);
            let key = (seller.clone(), orders[&review["order_id"]].0.clone());
            let known = latest.entry(key).or_insert_with(|| answer.clone());
            if (&answer.0, &answer.1) > (&known.0, &known.1) {
                *known = answer;
            }
        }
    }
    let mut scores: HashMap<String, Vec<f64>> = HashMap::new();
    for ((seller, _), (_, _, score)) in latest {
        scores.entry(seller).or_default().push(score);
    }
    let names: HashSet<String> = paid.keys().chain(scores.keys()).cloned().collect();
    let mean = |scores: &Vec<f64>| scores.iter().sum::<f64>() / scores.len() as f64;
    names.into_iter().map(|name| (name.clone(), (scores.get(&name).map(mean), paid.get(&name).copied()))).collect()
}

async fn olist_ppp(loaded: &Loaded, files: &Path) {
    let expected = ppp_of_sellers(files);
    let rows = loaded.rows("SELECT account_id, csat, clv, ppp FROM ppp_account ORDER BY account_id").await;
    assert_eq!(rows.len(), expected.len());
    for (row, (seller, (csat, clv))) in rows.iter().zip(&expected) {
        let number = |at: usize| row[at].as_ref().map(|text| text.parse::<f64>().unwrap());
        assert_eq!(row[0].as_ref(), Some(seller));
        assert_eq!((number(1).is_some(), number(2).is_some()), (csat.is_some(), clv.is_some()), "{seller}");
        let ppp = csat.unwrap_or(0.0) * clv.unwrap_or(0.0);
        for (got, wanted) in [(number(1), *csat), (number(2), *clv), (number(3), Some(ppp))] {
            assert_close(seller, got.unwrap_or(0.0), wanted.unwrap_or(0.0), 1e-9);
        }
    }
    let customers: Vec<_> = expected.values().filter_map(|(csat, clv)| clv.map(|clv| (csat, clv))).collect();
    let answered: Vec<_> = customers.iter().filter_map(|(csat, clv)| csat.map(|csat| (csat, *clv))).collect();
    let (all, some) = (customers.len() as f64, answered.len() as f64);
    let total: f64 = answered.iter().map(|(csat, clv)| csat * clv).sum();
    let csat = answered.iter().map(|(csat, _)| csat).sum::<f64>() / some;
    let clv = customers.iter().map(|(_, clv)| clv).sum::<f64>() / all;
    let company = loaded.row("SELECT customers, answered, csat, clv, ppp, ppp_answering FROM ppp").await;
    assert_all_close("ppp", &company, &[all, some, csat, clv, total / all, total / some], 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn olist_made_up() {
    let loaded = Loaded::with("olist", &made_up()).await;
    let golden = golden("olist");
    let by_day = golden["converted_by_day"].as_object().unwrap();
    let by_day: Vec<_> = by_day.iter().map(|(day, share)| (day.parse().unwrap(), share.as_f64().unwrap())).collect();
    olist_funnel(&loaded, golden["leads"].as_f64().unwrap(), golden["won"].as_f64().unwrap(), &by_day, 1e-6).await;
    olist_ppp(&loaded, &made_up()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn olist() {
    let Some(files) = public("olist") else { return };
    let loaded = Loaded::with("olist", &files).await;
    // Kaplan-Meier on 8,000 leads less the one whose deal was won before its first contact.
    let by_day = [(7.0, 0.035379), (30.0, 0.069259), (90.0, 0.086386), (365.0, 0.113347)];
    olist_funnel(&loaded, 7999.0, 841.0, &by_day, 1e-6).await;
    olist_ppp(&loaded, &files).await;
    let experiments = loaded.row("SELECT count(*) FROM kpi.clv_lift").await;
    assert_eq!(experiments, [0.0], "a data set without an experiment has no lift");
}

/// A pipeline: how many were won, lost and are open, and the quantiles (type 7) of days to win.
async fn pipeline(loaded: &Loaded, won: f64, lost: f64, open: f64, days: &[f64], mean_value: f64) {
    let counts = loaded
        .row(
            "SELECT sum(entered), sum(converted), sum(lost), sum(open), sum(n) FROM conversion WHERE state = 'engaging'",
        )
        .await;
    assert_eq!(counts, [won + lost + open, won, lost, open, won + lost]);
    for (p, expected) in [0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95].iter().zip(days) {
        let quantile = loaded
            .row(&format!(
                "SELECT percentile_cont({p}) WITHIN GROUP (ORDER BY date_part('epoch', left_at - entered_at) / 86400)
                 FROM state_intervals WHERE state = 'engaging' AND next_state = 'won'"
            ))
            .await;
        // percentile_cont takes the place between two values to a millionth.
        assert_close(&format!("quantile {p} of days to win"), quantile[0], *expected, 1e-6);
    }
    let value = loaded.row("SELECT sum(clv) / sum(transactions), sum(transactions) FROM kpi.clv").await;
    assert_close("mean won value", value[0], mean_value, 1e-7);
    assert_eq!(value[1], won);
}

#[tokio::test(flavor = "multi_thread")]
async fn maven_made_up() {
    let loaded = Loaded::with("maven_crm", &made_up()).await;
    let golden = golden("maven");
    let [won, lost, open, value] = ["won", "lost", "open", "mean_won_value"].map(|name| golden[name].as_f64().unwrap());
    pipeline(&loaded, won, lost, open, &numbers(&golden["days_to_win"]), value).await;
    let entered = loaded.row("SELECT entered FROM conversion WHERE track = 'GTX Pro' AND state = 'engaging'").await;
    assert_eq!(entered[0], golden["entered_gtx_pro"].as_f64().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn maven() {
    let Some(files) = public("maven_crm") else { return };
    let loaded = Loaded::with("maven_crm", &files).await;
    let days = [2.0, 5.0, 9.0, 57.0, 88.0, 106.0, 116.0];
    pipeline(&loaded, 4238.0, 2473.0, 1589.0, &days, 2360.9094).await;
}

/// An e-mail experiment: lift, standard error and interval of visits, of spend, and of spend adjusted by the year before.
async fn experiment(loaded: &Loaded, visit: &[f64], spend: &[f64], adjusted: &[f64], relative: f64) {
    let columns = "s['clv_lift'], s['std_error'], s['ci_low'], s['ci_high']";
    let visits = loaded
        .row(&format!(
            "SELECT {columns} FROM (
               SELECT clv_lift_summary(visited, arm = 'Mens E-Mail') AS s FROM (
                 SELECT unit.arm, CASE WHEN visit.contact_id IS NULL THEN 0 ELSE 1 END AS visited
                 FROM assignments AS unit
                 LEFT JOIN interactions AS visit ON visit.contact_id = unit.contact_id AND visit.channel = 'website'
                 WHERE unit.arm IN ('control', 'Mens E-Mail')) AS unit) AS compared"
        ))
        .await;
    assert_all_close("visits", &visits, visit, relative);
    let spent = loaded
        .row(&format!(
            "SELECT {columns} FROM (SELECT clv_lift_summary(clv, arm = 'Mens E-Mail') AS s FROM experiment_values
             WHERE arm IN ('control', 'Mens E-Mail')) AS compared"
        ))
        .await;
    assert_all_close("spend", &spent, spend, relative);
    let shown =
        loaded.row("SELECT clv_lift, std_error, ci_low, ci_high FROM kpi.clv_lift WHERE arm = 'Mens E-Mail'").await;
    assert_all_close("spend, adjusted", &shown[..adjusted.len()], adjusted, relative);
}

#[tokio::test(flavor = "multi_thread")]
async fn hillstrom_made_up() {
    let loaded = Loaded::with("hillstrom", &made_up()).await;
    let golden = golden("hillstrom");
    let [visit, spend, adjusted] = ["visit", "spend", "spend_adjusted"].map(|name| numbers(&golden[name]));
    experiment(&loaded, &visit, &spend, &adjusted, 1e-9).await;
    let customers = loaded.row("SELECT customers, answered, ppp FROM ppp").await;
    assert_eq!(customers, [5.0, 0.0, 0.0], "people without an account are customers of their own");
}

#[tokio::test(flavor = "multi_thread")]
async fn hillstrom() {
    let Some(files) = public("hillstrom") else { return };
    let loaded = Loaded::with("hillstrom", &files).await;
    let visit = [0.076589564, 0.0033858878, 0.06995315, 0.08322598];
    let spend = [0.76982716, 0.14524656, 0.48513973, 1.0545146];
    experiment(&loaded, &visit, &spend, &[0.767438499, 0.145215042], 1e-7).await;
    let arms = loaded.row("SELECT n, n_control FROM kpi.clv_lift WHERE arm = 'Mens E-Mail'").await;
    assert_eq!(arms, [21307.0, 21306.0]);
}
