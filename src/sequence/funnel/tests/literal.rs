//! The definition, searched by force: every assignment of rows to steps, one clause after the other.

use std::cmp::Reverse;

use super::super::*;
use super::case::*;

/// By step (0 is step 1) the row chosen for it.
type Chain = Vec<Option<usize>>;

/// What a chain is judged by: higher level, shorter, earlier start, earlier places, earlier rows.
type Key = (Reverse<u32>, u64, i64, Vec<usize>, Vec<usize>);

/// The attempts of a case.
pub fn attempts(case: &Case) -> Vec<Told> {
    let told = match case.settings.entry {
        Entry::Best => one(case, &|case, row| !barred(case).contains(&row), &|_, _| true),
        Entry::First => {
            let first = opening_rows(case).map(|row| case.place(row)).min();
            let opens = move |case: &Case, row: usize| Some(case.place(row)) == first;
            one(case, &opens, &opens)
        }
        Entry::Each => each(case),
    };
    let not_entered = (0, Status::NotEntered, vec![None; case.settings.steps]);
    if told.is_empty() { vec![not_entered] } else { told }
}

impl Case {
    fn place(&self, row: usize) -> (i64, u32) {
        (self.times[row], self.ranks.as_ref().map_or(0, |ranks| ranks[row]))
    }

    fn satisfies(&self, row: usize, step: usize) -> bool {
        self.steps[row] >> (step - 1) & 1 == 1
    }

    fn matches(&self, row: usize, exclusion: usize) -> bool {
        self.excluded[row] >> exclusion & 1 == 1
    }

    fn until(&self, row: usize) -> i64 {
        match self.settings.window {
            Window::Fixed(length) => self.times[row].saturating_add(length),
            Window::PerRow => self.ends.as_ref().unwrap()[row],
        }
    }

    fn held(&self, row: usize) -> u32 {
        self.held.as_ref().map_or(0, |held| held[row])
    }

    fn range(&self, exclusion: usize) -> (usize, usize) {
        self.settings.excludes[exclusion].between.unwrap_or((1, self.settings.steps))
    }

    fn is_required(&self, step: usize) -> bool {
        self.settings.optional >> (step - 1) & 1 == 0
    }

    fn required(&self) -> Vec<usize> {
        (1..=self.settings.steps).filter(|&step| self.is_required(step)).collect()
    }

    fn any(&self) -> bool {
        self.settings.mode == Mode::Any
    }
}

fn opening_rows(case: &Case) -> impl Iterator<Item = usize> {
    let opening = if case.any() { case.required() } else { vec![1] };
    (0..case.times.len()).filter(move |&row| opening.iter().any(|&step| case.satisfies(row, step)))
}

/// The one attempt of entry best or first. `opens` says which rows open attempts, `opens_unheeded` the same without the
/// exclusions.
fn one(case: &Case, opens: &dyn Fn(&Case, usize) -> bool, opens_unheeded: &dyn Fn(&Case, usize) -> bool) -> Vec<Told> {
    let all: Vec<usize> = (0..case.times.len()).collect();
    let allowed: Vec<bool> = all.iter().map(|&row| opens(case, row)).collect();
    let heeding = chains(case, &all, &|row| allowed[row], true);
    let Some(best) = heeding.iter().min_by_key(|chain| key(case, chain)) else {
        return Vec::new();
    };
    let unheeding = chains(case, &all, &|row| opens_unheeded(case, row), false);
    vec![(level(case, best), status(case, &heeding, &unheeding), rows(best))]
}

/// The attempts of entry each, for every held value in turn.
fn each(case: &Case) -> Vec<Told> {
    let mut codes: Vec<u32> = (0..case.times.len()).map(|row| case.held(row)).collect();
    codes.sort_unstable();
    codes.dedup();
    let mut told = Vec::new();
    for code in codes {
        let mut case = case.clone();
        for row in 0..case.times.len() {
            if case.held(row) != code {
                case.steps[row] = 0;
            }
        }
        let mut from = None;
        while let Some(opener) = opening_rows(&case).map(|row| case.place(row)).filter(|&p| Some(p) >= from).min() {
            let available: Vec<usize> = (0..case.times.len()).filter(|&row| Some(case.place(row)) >= from).collect();
            let opens = |row: usize| case.place(row) == opener;
            let heeding = chains(&case, &available, &opens, true);
            let unheeding = chains(&case, &available, &opens, false);
            let best = heeding.iter().min_by_key(|chain| key(&case, chain)).unwrap();
            told.push((opener, code, (level(&case, best), status(&case, &heeding, &unheeding), rows(best))));
            let end = if level(&case, best) as usize == case.required().len() {
                required_rows(&case, best).map(|row| case.place(row)).max()
            } else {
                over(&case, &available, opener, code)
            };
            // Rows chosen are used up, and so is as an opener what voided the attempt.
            let voiding: Vec<usize> = match end {
                Some(end) if (level(&case, best) as usize) < case.required().len() => {
                    (0..case.times.len()).filter(|&row| case.place(row) == end && voids(&case, &heeding, row)).collect()
                }
                _ => Vec::new(),
            };
            for row in best.clone().into_iter().flatten() {
                case.steps[row] = 0;
            }
            for row in voiding {
                case.steps[row] &= if case.any() { 0 } else { !1 };
            }
            let Some(end) = end else { break };
            from = Some(end);
        }
    }
    told.sort_by_key(|&(opener, code, _)| (opener, code));
    told.into_iter().map(|(_, _, told)| told).collect()
}

/// Where an attempt that does not convert is over: the first place after which a row that satisfies everything could no
/// longer join any of its chains, be it that its window has passed.
fn over(case: &Case, available: &[usize], opener: (i64, u32), code: u32) -> Option<(i64, u32)> {
    let first = opening_rows(case).find(|&row| case.place(row) == opener).unwrap();
    let places = (0..case.times.len()).map(|row| case.place(row)).filter(|&place| place >= opener);
    places.into_iter().find(|&place| place.0 > case.until(first) || !could_go_on(case, available, opener, code, place))
}

fn could_go_on(case: &Case, available: &[usize], opener: (i64, u32), code: u32, place: (i64, u32)) -> bool {
    // Twice the time scale leaves an instant just after the place.
    let double = |length: i64| length.saturating_mul(2).saturating_add(1);
    let mut future = case.clone();
    let rows = (0..case.times.len()).filter(|&row| case.place(row) <= place).count();
    future.times = case.times[..rows].iter().map(|time| time * 2).chain([place.0 * 2 + 1]).collect();
    future.steps = case.steps[..rows].iter().copied().chain([u64::MAX]).collect();
    future.excluded = case.excluded[..rows].iter().copied().chain([0]).collect();
    future.ends = case.ends.as_ref().map(|ends| ends[..rows].iter().map(|&e| double(e)).chain([i64::MAX]).collect());
    future.ranks = case.ranks.as_ref().map(|ranks| ranks[..rows].iter().copied().chain([0]).collect());
    future.held = case.held.as_ref().map(|held| held[..rows].iter().copied().chain([code]).collect());
    future.settings.grace = case.settings.grace.map(double);
    future.settings.window = match case.settings.window {
        Window::Fixed(length) => Window::Fixed(double(length)),
        Window::PerRow => Window::PerRow,
    };
    let available: Vec<usize> = available.iter().copied().filter(|&row| row < rows).chain([rows]).collect();
    let opens = |row: usize| row < rows && case.place(row) == opener;
    chains(&future, &available, &opens, true).iter().any(|chain| chain.contains(&Some(rows)))
}

/// The rows that open no attempt because they void one, place by place.
fn barred(case: &Case) -> Vec<usize> {
    let mut barred = Vec::new();
    let mut places: Vec<_> = (0..case.times.len()).map(|row| case.place(row)).collect();
    places.dedup();
    if case.excluded.iter().all(|&excluded| excluded == 0) {
        return barred;
    }
    for place in places {
        let before: Vec<usize> = (0..case.times.len()).filter(|&row| case.place(row) < place).collect();
        let chains = chains(case, &before, &|row| !barred.contains(&row), true);
        let here = (0..case.times.len()).filter(|&row| case.place(row) == place);
        let voiding: Vec<usize> = here.filter(|&row| voids(case, &chains, row)).collect();
        barred.extend(voiding);
    }
    barred
}

/// Whether a row voids one of these chains of its held value: the chain lies before it, could have gone on until it, and
/// can't after it.
fn voids(case: &Case, chains: &[Chain], row: usize) -> bool {
    chains.iter().any(|chain| {
        let chosen = || (1..).zip(chain).filter_map(|(step, &row)| Some((step, row?)));
        let before =
            chosen().all(|(_, chosen)| case.place(chosen) < case.place(row) && case.held(chosen) == case.held(row));
        let open = case.until(first_row(case, chain)) >= case.times[row];
        let Some(next) = case.required().into_iter().find(|&step| chain[step - 1].is_none()) else {
            return false;
        };
        // Whether an excluded row lies between a chosen row and one of the next step that comes just now.
        let comes_between = |excluded: usize| {
            (0..case.settings.excludes.len()).filter(|&e| case.matches(excluded, e)).any(|e| {
                let (from, to) = case.range(e);
                let within = |step: usize| case.any() || (from..=to).contains(&step);
                chosen().any(|(step, row)| within(step) && within(next) && case.place(row) < case.place(excluded))
            })
        };
        let earlier = || (0..case.times.len()).filter(|&other| case.place(other) < case.place(row));
        let interrupted = case.settings.mode == Mode::Strict
            && earlier().any(|other| {
                !chain.contains(&Some(other)) && chosen().any(|(_, chosen)| case.place(chosen) < case.place(other))
            });
        before && open && !interrupted && !earlier().any(comes_between) && comes_between(row)
    })
}

fn status(case: &Case, heeding: &[Chain], unheeding: &[Chain]) -> Status {
    let best = |chains: &[Chain]| chains.iter().map(|chain| level(case, chain)).max().unwrap_or(0);
    let reached = best(heeding);
    let open =
        |chain: &&Chain| level(case, chain) == reached && case.settings.as_of < case.until(first_row(case, chain));
    if reached as usize == case.required().len() {
        Status::Converted
    } else if best(unheeding) > reached {
        Status::Excluded
    } else if heeding.iter().any(|chain| open(&chain)) {
        Status::InWindow
    } else {
        Status::Dropped
    }
}

/// All chains of these rows.
fn chains(case: &Case, rows: &[usize], opens: &dyn Fn(usize) -> bool, heed: bool) -> Vec<Chain> {
    let mut found = Vec::new();
    assign(case, rows, &mut Vec::new(), &mut |chain| {
        if is_chain(case, chain) && is_opened(case, chain, opens) && !(heed && is_excluded(case, chain)) {
            found.push(chain.to_vec());
        }
    });
    found
}

fn assign(case: &Case, rows: &[usize], chain: &mut Chain, tell: &mut dyn FnMut(&[Option<usize>])) {
    let step = chain.len() + 1;
    if step > case.settings.steps {
        return tell(chain);
    }
    let satisfying = rows.iter().copied().filter(|&row| case.satisfies(row, step));
    for choice in satisfying.map(Some).chain([None]) {
        chain.push(choice);
        assign(case, rows, chain, tell);
        chain.pop();
    }
}

fn is_chain(case: &Case, chain: &[Option<usize>]) -> bool {
    let chosen: Vec<(usize, usize)> = (1..).zip(chain).filter_map(|(step, &row)| Some((step, row?))).collect();
    if !case.required().into_iter().any(|step| chain[step - 1].is_some()) {
        return false;
    }
    let missing = case.required().into_iter().find(|&step| chain[step - 1].is_none());
    let gapless = missing.is_none_or(|missing| chosen.iter().all(|&(step, _)| step < missing));
    let distinct = chosen.iter().all(|&(step, row)| chosen.iter().all(|&(other, same)| step == other || row != same));
    let first = first_row(case, chain);
    let in_window = chosen.iter().all(|&(_, row)| case.times[row] <= case.until(first));
    let held = chosen.iter().all(|&(_, row)| case.held(row) == case.held(first));
    let from_first = chosen.iter().all(|&(_, row)| case.place(row) >= case.place(first));
    in_window
        && held
        && (distinct || case.settings.mode == Mode::Reuse)
        && match case.settings.mode {
            Mode::Any => from_first,
            Mode::Strict => gapless && is_in_order(case, &chosen) && !is_interrupted(case, &chosen),
            _ => gapless && is_in_order(case, &chosen),
        }
}

/// Any two steps keep their order, but two consecutive ones may be swapped within the grace.
fn is_in_order(case: &Case, chosen: &[(usize, usize)]) -> bool {
    (0..chosen.len()).all(|j| {
        (0..j).all(|i| {
            let (a, b) = (chosen[i].1, chosen[j].1);
            let tied = case.settings.mode == Mode::Increase && case.times[a] == case.times[b];
            let swapped = |grace: i64| i + 1 == j && case.times[a] - case.times[b] <= grace;
            !tied && (case.place(a) <= case.place(b) || case.settings.grace.is_some_and(swapped))
        })
    })
}

fn is_interrupted(case: &Case, chosen: &[(usize, usize)]) -> bool {
    let places = || chosen.iter().map(|&(_, row)| case.place(row));
    let between = |row: usize| places().min() < Some(case.place(row)) && Some(case.place(row)) < places().max();
    (0..case.times.len()).any(|row| between(row) && chosen.iter().all(|&(_, chosen)| chosen != row))
}

fn is_opened(case: &Case, chain: &[Option<usize>], opens: &dyn Fn(usize) -> bool) -> bool {
    let first = first_row(case, chain);
    if !case.any() {
        return opens(first);
    }
    chain.iter().flatten().all(|&row| case.place(row) != case.place(first) || opens(row))
}

fn is_excluded(case: &Case, chain: &[Option<usize>]) -> bool {
    (0..case.settings.excludes.len()).any(|exclusion| {
        let (from, to) = case.range(exclusion);
        let within: Vec<_> = (1..).zip(chain).filter(|(step, _)| case.any() || (from..=to).contains(step)).collect();
        let places = || within.iter().filter_map(|&(_, &row)| Some(case.place(row?)));
        let between = |row: usize| places().min() < Some(case.place(row)) && Some(case.place(row)) < places().max();
        (0..case.times.len()).any(|row| case.matches(row, exclusion) && !within.is_empty() && between(row))
    })
}

/// The row of step 1; in any order, the earliest row of a required step.
fn first_row(case: &Case, chain: &[Option<usize>]) -> usize {
    if !case.any() {
        return chain[0].unwrap_or_else(|| chain.iter().flatten().copied().min().unwrap());
    }
    required_rows(case, chain).min_by_key(|&row| case.place(row)).unwrap()
}

fn required_rows(case: &Case, chain: &[Option<usize>]) -> impl Iterator<Item = usize> {
    case.required().into_iter().filter_map(|step| chain[step - 1])
}

fn level(case: &Case, chain: &[Option<usize>]) -> u32 {
    required_rows(case, chain).count() as u32
}

fn key(case: &Case, chain: &[Option<usize>]) -> Key {
    let start = case.times[first_row(case, chain)];
    let end = required_rows(case, chain).map(|row| case.times[row]).max().unwrap();
    let mut places: Vec<_> = (0..case.times.len()).map(|row| case.place(row)).collect();
    places.dedup();
    let place = |row: usize| places.iter().position(|&place| place == case.place(row)).unwrap();
    (
        Reverse(level(case, chain)),
        end.abs_diff(start),
        start,
        chain.iter().map(|row| row.map_or(usize::MAX, place)).collect(),
        chain.iter().map(|row| row.unwrap_or(usize::MAX)).collect(),
    )
}

fn rows(chain: &[Option<usize>]) -> Vec<Option<u32>> {
    chain.iter().map(|row| row.map(|row| row as u32)).collect()
}
