//! A funnel and one entity's rows, as the tests write them.

use super::super::*;

/// One entity's columns and a funnel over them.
#[derive(Debug, Clone)]
pub struct Case {
    pub settings: Settings,
    pub times: Vec<i64>,
    pub steps: Vec<u64>,
    pub excluded: Vec<u64>,
    pub ends: Option<Vec<i64>>,
    pub ranks: Option<Vec<u32>>,
    pub held: Option<Vec<u32>>,
}

/// An attempt with its rows: level, status, row by step.
pub type Told = (u32, Status, Vec<Option<u32>>);

impl Case {
    pub fn events(&self) -> Events<'_> {
        Events {
            times: &self.times,
            steps: &self.steps,
            excluded: &self.excluded,
            ends: self.ends.as_deref(),
            ranks: self.ranks.as_deref(),
            held: self.held.as_deref(),
        }
    }

    pub fn funnel(&self) -> Funnel {
        Funnel::new(self.settings.clone()).unwrap()
    }

    pub fn told(&self) -> Vec<Told> {
        let mut attempts = Attempts::default();
        self.funnel().attempts(self.events(), &mut attempts);
        told(&attempts)
    }
}

/// All of them, with their rows.
pub fn told(attempts: &Attempts) -> Vec<Told> {
    attempts.iter().map(|attempt| (attempt.level, attempt.status, attempt.rows.to_vec())).collect()
}
