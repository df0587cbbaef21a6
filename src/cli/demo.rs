//! `journeydb demo`: a simulated company to try everything on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use datafusion::error::Result as EngineResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::future::try_join_all;
use futures::stream;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;

use arrow::record_batch::RecordBatch;
use journeydb::demo::{Demo, Plan, Truth};
use journeydb::model::journey_tables;
use journeydb::{Database, Error, Result, SqlState};

use super::exit::Exit;
use super::layers::print_layers;
use super::output::say;
use super::serve::{Listen, serve};

/// Rows of a batch on its way into a table.
const BATCH_ROWS: usize = 8192;

/// Try it on a simulated company
///
/// Simulates a company whose every law is known, loads its journeys, prints the KPI layers with what was planted beside
/// what was measured, and serves the database to Postgres clients. The same seed gives the same rows. truth.json in the
/// folder of the database holds everything that was planted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  journeydb demo
  journeydb demo --interactions 1000000 --data demo-data
  journeydb demo --no-serve")]
pub struct Simulate {
    /// Empty or missing folder for the database [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Seed of the simulation
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// About so many interactions are simulated
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    interactions: u64,

    /// End after the KPI layers are printed
    #[arg(long)]
    no_serve: bool,

    #[command(flatten)]
    listen: Listen,
}

/// Runs the command.
pub async fn run(command: Simulate) -> Result<Exit> {
    let temporary = tempfile::tempdir()?;
    let folder = command.data.as_deref().unwrap_or(temporary.path());
    refuse_used(folder)?;
    let database = Database::open(folder).await?;
    // A port in use should be told before the simulation, not after it.
    let server = match command.no_serve {
        true => None,
        false => Some(command.listen.bind(database.clone()).await?),
    };
    let truth = make(&database, Plan::new(command.seed).interactions(command.interactions), folder).await?;
    print_layers(&database.session(), &truth).await?;
    if let Some(server) = server {
        serve(server, &database, folder).await?;
    }
    Ok(Exit::Success)
}

fn refuse_used(folder: &Path) -> Result<()> {
    let used = folder.exists() && std::fs::read_dir(folder)?.next().is_some();
    if !used {
        return Ok(());
    }
    let message = format!("{} is not empty", folder.display());
    Err(Error::new(SqlState::ObjectNotInPrerequisiteState, message)
        .with_hint("name an empty or missing folder; journeydb serve --data serves a demo that is there already"))
}

/// Simulates, loads and writes down the truth.
async fn make(database: &Database, plan: Plan, folder: &Path) -> Result<Truth> {
    let started = Instant::now();
    let progress = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} rows");
    progress.set_style(style.map_err(|error| Error::internal(error.to_string()))?);
    progress.set_message("simulating");
    let demo = tokio::task::spawn_blocking(move || Demo::simulate(plan)).await.map_err(|error| stopped(&error))?;
    progress.set_message("loading");
    let truth = demo.truth().clone();
    let rows = fill(database, demo, &progress).await?;
    progress.finish_and_clear();
    let json = serde_json::to_vec_pretty(&truth).map_err(|error| Error::internal(error.to_string()))?;
    std::fs::write(folder.join("truth.json"), json)?;
    say(format_args!("{rows} rows of a simulated company in {:.1} s", started.elapsed().as_secs_f64()));
    Ok(truth)
}

/// Loads all tables at once, each in a commit of its own, from one run of the simulation.
async fn fill(database: &Database, demo: Demo, progress: &ProgressBar) -> Result<u64> {
    let session = database.session();
    let mut inlets = HashMap::new();
    let mut appends = Vec::new();
    for table in journey_tables() {
        let (sender, receiver) = mpsc::channel::<EngineResult<RecordBatch>>(1);
        let rows = stream::unfold(receiver, |mut receiver| async { Some((receiver.recv().await?, receiver)) });
        let rows: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(table.schema(), rows));
        inlets.insert(table.name.as_str(), sender);
        let (session, name) = (&session, format!("journey.{}", table.name));
        appends.push(async move { session.append(&name, rows).await });
    }
    let progress = progress.clone();
    let simulation = tokio::task::spawn_blocking(move || {
        for (table, batch) in demo.batches(BATCH_ROWS) {
            progress.inc(batch.num_rows() as u64);
            // A table whose load has failed takes no more, and says why itself.
            if inlets.get(table).is_some_and(|inlet| inlet.blocking_send(Ok(batch)).is_err()) {
                return;
            }
        }
    });
    let counts = try_join_all(appends).await?;
    simulation.await.map_err(|error| stopped(&error))?;
    Ok(counts.into_iter().sum())
}

fn stopped(error: &tokio::task::JoinError) -> Error {
    Error::internal(format!("the simulation stopped: {error}"))
}
