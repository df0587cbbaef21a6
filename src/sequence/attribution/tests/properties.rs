//! The cases of the definition, and equality with it on random journeys full of ties.

use proptest::prelude::*;

use super::super::*;
use super::literal;

const DECAY: Model = Model::TimeDecay { half_life: 7 };

const MODELS: [Model; 10] = [
    Model::First,
    Model::Last,
    Model::Linear,
    Model::Position,
    Model::J,
    Model::InverseJ,
    DECAY,
    Model::W,
    Model::FullPath,
    Model::Participation,
];

fn assert_close(actual: &[f64], expected: &[f64], tolerance: f64) {
    let close = |(a, e): (&f64, &f64)| (a - e).abs() <= tolerance;
    assert!(actual.len() == expected.len() && actual.iter().zip(expected).all(close), "{actual:?} is not {expected:?}");
}

fn weights(model: Model, touches: &[i64], conversion: i64, milestones: Milestones) -> Vec<f64> {
    let mut weights = vec![f64::NAN; touches.len()];
    model.weigh(&Path { touches, conversion, milestones }, &mut weights);
    weights
}

fn milestones(lead: i64, opportunity: i64) -> Milestones {
    Milestones { lead: Some(lead), opportunity: Some(opportunity) }
}

#[test]
fn the_end_models_give_the_weights_of_the_definition() {
    let of = |model, n: i64| weights(model, &(1..=n).collect::<Vec<_>>(), 10, Milestones::default());
    for (model, two, four) in [
        (Model::First, [1.0, 0.0], [1.0, 0.0, 0.0, 0.0]),
        (Model::Last, [0.0, 1.0], [0.0, 0.0, 0.0, 1.0]),
        (Model::Linear, [0.5, 0.5], [0.25, 0.25, 0.25, 0.25]),
        (Model::Position, [0.5, 0.5], [0.4, 0.1, 0.1, 0.4]),
        (Model::J, [0.25, 0.75], [0.2, 0.1, 0.1, 0.6]),
        (Model::InverseJ, [0.75, 0.25], [0.6, 0.1, 0.1, 0.2]),
        (Model::Participation, [1.0, 1.0], [1.0, 1.0, 1.0, 1.0]),
    ] {
        assert_close(&of(model, 1), &[1.0], 1e-15);
        assert_close(&of(model, 2), &two, 1e-15);
        assert_close(&of(model, 4), &four, 1e-15);
    }
}

#[test]
fn decay_halves_every_seven_days() {
    let days = |ages: [i64; 4]| ages.map(|age| 100 - age);
    let weights = weights(DECAY, &days([28, 21, 14, 7]), 100, Milestones::default());
    assert_close(&weights, &[0.066667, 0.133333, 0.266667, 0.533333], 5e-7);
    assert_close(&weights, &[1.0 / 15.0, 2.0 / 15.0, 4.0 / 15.0, 8.0 / 15.0], 1e-15);
}

#[test]
fn decay_is_continuous_and_does_not_underflow() {
    let between = weights(Model::TimeDecay { half_life: 2 }, &[0, 1], 1_000_000, Milestones::default());
    let root = 2f64.sqrt();
    assert_close(&between, &[1.0 / (1.0 + root), root / (1.0 + root)], 1e-15);
    let ends = weights(Model::TimeDecay { half_life: 1 }, &[i64::MIN, 0, i64::MAX], i64::MAX, Milestones::default());
    assert_eq!(ends, [0.0, 0.0, 1.0]);
    let at_once = weights(Model::TimeDecay { half_life: 1 }, &[i64::MIN; 4], i64::MAX, Milestones::default());
    assert_eq!(at_once, [0.25; 4]);
    let no_half_life = weights(Model::TimeDecay { half_life: 0 }, &[1, 2], 2, Milestones::default());
    assert_close(&no_half_life, &[1.0 / 3.0, 2.0 / 3.0], 1e-15);
}

#[test]
fn milestones_are_held_by_the_last_touch_before_them() {
    let touches = [1, 2, 3, 4, 5, 6];
    // The lead at 2 is held by the touch at its own instant, the opportunity by the one before it.
    let apart = Milestones { lead: Some(2), opportunity: Some(4) };
    let third = 0.1 / 3.0;
    assert_close(&weights(Model::W, &touches, 9, apart), &[0.3, 0.3, third, 0.3, third, third], 1e-15);
    let full = [0.225, 0.225, 0.05, 0.225, 0.05, 0.225];
    assert_close(&weights(Model::FullPath, &touches, 9, apart), &full, 1e-15);
    assert_close(&weights(Model::W, &[1, 2, 5], 9, milestones(4, 8)), &[0.3 / 1.0, 0.3, 0.3].map(|w| w / 0.9), 1e-15);
}

#[test]
fn a_touch_with_two_milestones_adds_both_and_no_rest_renormalises() {
    assert_close(&weights(Model::W, &[1, 5], 9, milestones(6, 7)), &[0.3 / 0.9, 0.6 / 0.9], 1e-15);
    assert_close(&weights(Model::W, &[1, 5, 8], 9, milestones(6, 7)), &[0.3, 0.6, 0.1], 1e-15);
    assert_close(&weights(Model::FullPath, &[1, 5], 9, milestones(2, 7)), &[0.5, 0.5], 1e-15);
    assert_close(&weights(Model::FullPath, &[1, 5, 7], 9, milestones(9, 9)), &[0.225, 0.1, 0.675], 1e-15);
    assert_eq!(weights(Model::FullPath, &[1], 9, milestones(1, 1)), [1.0]);
}

#[test]
fn a_milestone_nobody_holds_leaves_its_weight_to_the_others() {
    let none = Milestones::default();
    assert_close(&weights(Model::W, &[1, 2, 3], 9, none), &[0.75, 0.125, 0.125], 1e-15);
    // Reached before the first touch of the window, and after the conversion.
    assert_eq!(weights(Model::W, &[1, 2, 3], 9, milestones(0, 10)), weights(Model::W, &[1, 2, 3], 9, none));
    assert_eq!(weights(Model::W, &[1, 2, 3], 9, milestones(0, 10))[0], 0.3 / 0.4);
    assert_close(&weights(Model::FullPath, &[1, 2, 3], 9, none), &[0.225 / 0.55, 0.1 / 0.55, 0.225 / 0.55], 1e-15);
}

#[test]
fn touches_at_one_instant_keep_the_order_of_their_rows() {
    assert_eq!(weights(Model::First, &[3, 3, 3], 3, Milestones::default()), [1.0, 0.0, 0.0]);
    assert_eq!(weights(Model::Last, &[3, 3, 3], 3, Milestones::default()), [0.0, 0.0, 1.0]);
    assert_close(&weights(Model::W, &[3, 3, 3], 3, milestones(3, 3)), &[0.3, 0.1, 0.6], 1e-15);
}

#[test]
fn both_ends_of_the_window_are_inclusive() {
    let of = |lookback, reset| windows(&[0, 10, 10, 20, 21], &[10, 20, 20, 40], lookback, reset).collect::<Vec<_>>();
    assert_eq!(of(Lookback::Fixed(10), false), [0..3, 1..4, 1..4, 5..5]);
    assert_eq!(of(Lookback::Fixed(10), true), [0..3, 3..4, 3..4, 5..5]);
    assert_eq!(of(Lookback::Fixed(20), true), [0..3, 3..4, 3..4, 4..5]);
    assert_eq!(of(Lookback::Fixed(-1), false), [3..3, 4..4, 4..4, 5..5]);
    assert_eq!(of(Lookback::Starts(&[0, 15, 10, 11]), false), [0..3, 3..4, 1..4, 3..5]);
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let touches = [i64::MIN, 0, i64::MAX];
    for duration in [0, 1, i64::MAX] {
        let all = windows(&touches, &touches, Lookback::Fixed(duration), true);
        assert!(all.eq([0..1, 1..2, 2..3]));
    }
    for model in MODELS {
        let sum: f64 = weights(model, &touches, i64::MAX, milestones(i64::MIN, i64::MAX)).iter().sum();
        assert!((sum - if model == Model::Participation { 3.0 } else { 1.0 }).abs() < 1e-12);
    }
}

#[test]
fn a_large_value_leaves_no_trace_in_a_small_one() {
    // The windows share their first touch and close one after the other.
    let entity = Entity {
        touches: &[0, 10, 20],
        codes: &[0, 0, 1],
        conversions: &[10, 20],
        values: &[1e18, 3e-3],
        milestones: &[],
        lookback: Lookback::Fixed(20),
    };
    let mut credit = [0.0; 2];
    assert_eq!(CreditByCode::new(Model::Linear, false).add(&entity, &mut credit), 0.0);
    assert_close(&credit[1..], &[1e-3], 1e-15);
    assert_close(&credit[..1], &[1e18], 1e6);
}

/// One random entity.
#[derive(Debug, Clone)]
struct Case {
    touches: Vec<i64>,
    codes: Vec<u32>,
    conversions: Vec<i64>,
    starts: Vec<i64>,
    values: Vec<f64>,
    milestones: Vec<Milestones>,
    lookback: Option<i64>,
    reset: bool,
}

impl Case {
    fn lookback(&self) -> Lookback<'_> {
        self.lookback.map_or(Lookback::Starts(&self.starts), Lookback::Fixed)
    }

    fn entity(&self) -> Entity<'_> {
        Entity {
            touches: &self.touches,
            codes: &self.codes,
            conversions: &self.conversions,
            values: &self.values,
            milestones: &self.milestones,
            lookback: self.lookback(),
        }
    }

    fn literal_window(&self, row: usize) -> Vec<usize> {
        literal::window(&self.touches, &self.conversions, row, self.lookback(), self.reset)
    }

    fn literal_weights(&self, row: usize, model: Model) -> Vec<f64> {
        let touches: Vec<i64> = self.literal_window(row).iter().map(|&touch| self.touches[touch]).collect();
        literal::weights(model, &touches, self.conversions[row], self.milestones[row])
    }
}

/// Entities within a range of times small enough for many ties.
fn case() -> impl Strategy<Value = Case> {
    let within = |span: i64| {
        let touches = prop::collection::vec((0..span, 0u32..5), 0..30);
        let reached = prop::option::of(0..span);
        let conversion = (0..span, -5..span, -1000i32..1000, reached.clone(), reached);
        (touches, prop::collection::vec(conversion, 0..12), prop::option::of(-2..span), any::<bool>())
    };
    let sized = prop_oneof![Just(4i64), Just(20), Just(200)].prop_flat_map(within);
    sized.prop_map(|(mut touches, mut conversions, lookback, reset)| {
        touches.sort_by_key(|touch| touch.0);
        conversions.sort_by_key(|conversion| conversion.0);
        Case {
            touches: touches.iter().map(|touch| touch.0).collect(),
            codes: touches.iter().map(|touch| touch.1).collect(),
            conversions: conversions.iter().map(|conversion| conversion.0).collect(),
            starts: conversions.iter().map(|conversion| conversion.1).collect(),
            values: conversions.iter().map(|conversion| f64::from(conversion.2) * 0.37).collect(),
            milestones: conversions.iter().map(|c| Milestones { lead: c.3, opportunity: c.4 }).collect(),
            lookback,
            reset,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn windows_are_those_of_the_definition(case in case()) {
        let found: Vec<_> = windows(&case.touches, &case.conversions, case.lookback(), case.reset).collect();
        prop_assert_eq!(found.len(), case.conversions.len());
        for (row, window) in found.into_iter().enumerate() {
            prop_assert_eq!(window.collect::<Vec<_>>(), case.literal_window(row));
        }
    }

    #[test]
    fn weights_are_those_of_the_definition_and_sum_to_1(case in case()) {
        for (row, window) in windows(&case.touches, &case.conversions, case.lookback(), case.reset).enumerate() {
            let touches = &case.touches[window];
            let path = Path { touches, conversion: case.conversions[row], milestones: case.milestones[row] };
            for &model in &MODELS {
                let mut column = vec![0.0; touches.len()];
                model.weigh(&path, &mut column);
                let expected = case.literal_weights(row, model);
                prop_assert_eq!(column.len(), expected.len());
                for (actual, expected) in column.iter().zip(&expected) {
                    prop_assert!((actual - expected).abs() <= 1e-12 * expected, "{:?}: {} {}", model, actual, expected);
                }
                if !touches.is_empty() && model != Model::Participation {
                    prop_assert!((column.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn credit_by_code_is_the_sum_of_the_weights_and_closes(case in case()) {
        for model in MODELS {
            let mut kernel = CreditByCode::new(model, case.reset);
            let mut credit = [0.0; 5];
            let unattributed = kernel.add(&case.entity(), &mut credit);
            let mut expected = [0.0; 5];
            let mut without_touch = 0.0;
            for (row, &value) in case.values.iter().enumerate() {
                let window = case.literal_window(row);
                for (&touch, weight) in window.iter().zip(case.literal_weights(row, model)) {
                    expected[case.codes[touch] as usize] += value * weight;
                }
                without_touch += if window.is_empty() { value } else { 0.0 };
            }
            let magnitude: f64 = 1.0 + case.values.iter().map(|value| value.abs()).sum::<f64>();
            let scale = magnitude * case.touches.len().max(1) as f64;
            prop_assert!((unattributed - without_touch).abs() <= 1e-12 * magnitude);
            for (code, (actual, expected)) in credit.iter().zip(expected).enumerate() {
                let close = (actual - expected).abs() <= 1e-12 * scale;
                prop_assert!(close, "{:?} code {}: {} {}", model, code, actual, expected);
            }
            if model != Model::Participation {
                let total: f64 = case.values.iter().sum();
                prop_assert!((credit.iter().sum::<f64>() + unattributed - total).abs() <= 1e-12 * magnitude);
            }
            // Nothing of one entity is left for the next.
            prop_assert_eq!(kernel.add(&case.entity(), &mut [0.0; 5]), unattributed);
            let mut again = [0.0; 5];
            kernel.add(&case.entity(), &mut again);
            prop_assert_eq!(again, credit);
        }
    }
}
