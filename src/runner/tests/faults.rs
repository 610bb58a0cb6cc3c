//! Every call to the disk fails once, and the process lives on.

use super::real::*;
use super::*;
use crate::runner::disk::simulated::Trouble;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// Starts again as a person would who mended the disk.
fn start_again(disk: &Simulated) -> Result<(), Fault> {
    process(disk, |runner, doubt| runner.start(doubt, true).map(|_| ()))
}

/// Each call of some work fails in turn. Every failure is told with its file, and another start
/// leaves everything old or everything new, from where it goes on.
fn fails_anywhere(before: &Simulated, work: fn(&Simulated) -> Result<(), Fault>) {
    let whole = before.again(Trouble::default());
    work(&whole).unwrap();
    for at in 0..whole.calls().len() {
        let code = if at % 2 == 0 { ENOSPC } else { EIO };
        let disk = before.again(Trouble { fails: Some((at, code)), ..Trouble::default() });
        let Err(fault) = work(&disk) else {
            // A way back that comes there at its second try has come there.
            assert_eq!((version(&disk), state(&disk)), (Some(1), State::Idle), "call {at}");
            continue;
        };
        assert_eq!(fault.kind, FaultKind::Environment, "{fault}");
        assert!(fault.what.contains(&format!("(os error {code})")), "{fault}");
        assert!(fault.what.contains("/state") || fault.what.contains("/root"), "{fault}");
        let told_room = fault.to_string().contains("make room on the disk");
        assert!(told_room || code != ENOSPC, "{fault}");
        // Here the process has ended; what was not synced may be lost as well.
        for left in disk.crashes().into_iter().take(1).chain([disk]) {
            let left = left.again(Trouble::default());
            start_again(&left).unwrap();
            assert_eq!(version(&left), Some(history(&left).len()), "call {at}: {fault}");
            assert_eq!(state(&left), State::Idle, "call {at}: {fault}");
            if version(&left) == Some(1) {
                apply(&left, &[SECOND]).unwrap();
            }
            roll_back(&left).unwrap();
            assert_eq!(version(&left), Some(1), "call {at}: {fault}");
            assert!(verified(&left).is_sound(), "call {at}: {:?}", verified(&left));
            assert!(left_overs(&left).is_empty(), "{:?}", left_overs(&left));
        }
    }
}

#[test]
fn an_apply_that_fails_anywhere_says_so_and_is_taken_back() {
    fails_anywhere(&first_has_run(), |disk| apply(disk, &[SECOND]));
}

#[test]
fn a_rollback_that_fails_anywhere_says_so_and_can_be_gone_again() {
    fails_anywhere(&both_have_run(), roll_back);
}
