//! 2,357 customers of CDNOW over 39 weeks of 1997, on which the literature tests its models: `tests/data/cdnow`.

use super::gamma_gamma::Spending;
use super::histories::{Histories, History};

const CUSTOMERS: &str = include_str!("../../../tests/data/cdnow/customers.csv");

/// Each with the mean value of the repeats.
pub fn with_values() -> impl Iterator<Item = (History, f64)> {
    CUSTOMERS.lines().skip(1).map(|line| {
        let numbers: Vec<f64> = line.split(',').map(|number| number.trim().parse().unwrap()).collect();
        (History { repeats: numbers[1], recency: numbers[2], age: numbers[3] }, numbers[4])
    })
}

pub fn customers() -> impl Iterator<Item = History> {
    with_values().map(|(history, _)| history)
}

pub fn histories() -> Histories {
    let mut histories = Histories::default();
    customers().for_each(|history| histories.insert(history));
    assert_eq!((histories.n(), histories.dropped), (2357, 0));
    histories
}

/// Of those with repeats.
pub fn spending() -> Spending {
    let mut spending = Spending::default();
    let repeating = with_values().filter(|(history, _)| history.repeats > 0.0);
    repeating.for_each(|(history, mean)| spending.insert(history.repeats, mean));
    assert_eq!((spending.n(), spending.dropped), (946, 0));
    spending
}
