//! What the statistics cost per row, without the engine around them: `cargo bench --bench kernels`.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use journeydb::stats::moments::Moments;
use journeydb::stats::proportion::Proportion;
use journeydb::stats::survival::Curve;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 100_000;

/// Durations in days, a third of them still open, in no order.
fn durations() -> Vec<(f64, bool)> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    (0..ROWS).map(|_| (random.random_range(0.0..365.0), random.random_bool(0.67))).collect()
}

fn kernels(criterion: &mut Criterion) {
    let durations = durations();
    let mut group = criterion.benchmark_group("kernels");
    group.throughput(Throughput::Elements(ROWS as u64));
    group.bench_function("moments", |bencher| {
        bencher.iter_batched_ref(
            Moments::default,
            |moments| durations.iter().for_each(|(value, _)| moments.insert(black_box(*value))),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("proportion", |bencher| {
        bencher.iter_batched_ref(
            Proportion::default,
            |proportion| durations.iter().for_each(|(_, reached)| proportion.insert(black_box(*reached))),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("survival", |bencher| {
        bencher.iter(|| Curve::of(black_box(&durations).iter().copied()));
    });
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
