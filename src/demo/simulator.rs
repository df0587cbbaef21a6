//! The front door: a plan, the simulation of it, and its tables in batches.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::batches::{Sink, Table};
use super::observer::Observer;
use super::story::Story;
use super::truth::Truth;
use super::world::World;
use super::{rows, world};

/// What to simulate: the same plan gives the same rows, always and everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    seed: u64,
    interactions: u64,
}

/// Interactions that an account has on average, measured over seeds; what turns a plan's size into accounts.
const INTERACTIONS_PER_ACCOUNT: u64 = 53;
/// Accounts of the smallest world: few enough to be quick, enough that every table has rows.
const FEWEST_ACCOUNTS: u64 = 40;

impl Plan {
    /// A plan of a million interactions.
    pub fn new(seed: u64) -> Self {
        Self { seed, interactions: 1_000_000 }
    }

    /// The same plan at another size: about so many interactions, and at least the smallest world's.
    pub fn interactions(self, interactions: u64) -> Self {
        Self { interactions, ..self }
    }

    fn accounts(&self) -> u64 {
        (self.interactions / INTERACTIONS_PER_ACCOUNT).max(FEWEST_ACCOUNTS)
    }
}

/// A simulated company: its truth is known, its rows are made again whenever they are read.
#[derive(Debug, Clone)]
pub struct Demo {
    world: Arc<World>,
    truth: Arc<Truth>,
}

impl Demo {
    /// Simulates a plan. Every account is lived once, without its interactions, so that the truth is known before the first row.
    pub fn simulate(plan: Plan) -> Self {
        let mut world = World::make(plan.seed, plan.accounts());
        let mut observer = Observer::default();
        for index in 0..world.accounts {
            observer.observe(&Story::make(&world, index));
        }
        world.readers = observer.readers(world.accounts);
        let truth = observer.truth(&world);
        Self { world: Arc::new(world), truth: Arc::new(truth) }
    }

    /// What was planted.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// All tables in one pass: a table's name and some of its rows at a time, tables mixed. Rows of a table come by account
    /// and, within one, by person and time. Memory is bounded by the batches under construction.
    pub fn batches(&self, rows_per_batch: usize) -> Batches {
        Batches { world: self.world.clone(), sink: Sink::new(rows_per_batch, None), next: 0, finished: false }
    }

    /// One table, by its name in the schema `journey`; the same rows as in [`Demo::batches`], none for an unknown name.
    pub fn table(&self, name: &str, rows_per_batch: usize) -> Batches {
        Batches { world: self.world.clone(), sink: Sink::new(rows_per_batch, Some(name)), next: 0, finished: false }
    }
}

/// The batches of a [`Demo`]: pairs of a table's name and rows of it.
pub struct Batches {
    world: Arc<World>,
    sink: Sink,
    /// The next account; beyond the accounts come the people of no account.
    next: u64,
    finished: bool,
}

/// The tables that have rows by account.
const BY_ACCOUNT: [Table; 10] = [
    Table::Accounts,
    Table::Contacts,
    Table::Interactions,
    Table::StateChanges,
    Table::Transactions,
    Table::Surveys,
    Table::Assignments,
    Table::Objectives,
    Table::Adoption,
    Table::Identities,
];

impl Batches {
    fn advance(&mut self) {
        let accounts = self.world.accounts;
        if self.next == 0 {
            world::write(&self.world, &mut self.sink);
            if !BY_ACCOUNT.into_iter().any(|table| self.sink.wants(table)) {
                self.next = accounts + self.world.readers.strangers;
            }
        }
        if self.next < accounts {
            rows::write(&self.world, &Story::make(&self.world, self.next), &mut self.sink);
        } else if self.next < accounts + self.world.readers.strangers {
            rows::write_stranger(&self.world, self.next - accounts, &mut self.sink);
        } else {
            self.sink.finish();
            self.finished = true;
        }
        self.next += 1;
    }
}

impl Iterator for Batches {
    type Item = (&'static str, RecordBatch);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.sink.next_full() {
                return Some(batch);
            }
            if self.finished {
                return None;
            }
            self.advance();
        }
    }
}
