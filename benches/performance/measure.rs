//! Times that may be compared.

use migration_gate::host;

/// Something that is done, and the seconds of it that count.
pub(crate) type Run<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// What counts in full.
pub(crate) fn whole<'a>(mut work: impl FnMut() + 'a) -> Run<'a> {
    Box::new(move || seconds(&mut work))
}

/// The seconds that something takes.
pub(crate) fn seconds(work: impl FnOnce()) -> f64 {
    let begun = host::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// Runs all of them in turn, `rounds` times, after a round that does not count where there are
/// several. The median seconds of each.
pub(crate) fn in_turn<const N: usize>(rounds: usize, mut runs: [Run<'_>; N]) -> [f64; N] {
    let mut times = [const { Vec::new() }; N];
    if rounds > 1 {
        for run in &mut runs {
            run();
        }
    }
    for _ in 0..rounds {
        for (run, times) in runs.iter_mut().zip(&mut times) {
            times.push(run());
        }
    }
    times.map(median)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
