//! The only door to the environment, the clock and child processes.
#![allow(clippy::disallowed_methods)]

mod place;
mod watchdog;

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

pub use place::is_in_working_tree;
pub use watchdog::{watched, watched_often};

/// An environment variable; `None` where it is unset or empty.
#[must_use]
pub fn env(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// An environment variable as text; `None` where it is unset, empty or not UTF-8.
#[must_use]
pub fn env_text(name: &str) -> Option<String> {
    env(name)?.into_string().ok()
}

/// The folder for temporary files.
#[must_use]
pub fn temp_dir() -> PathBuf {
    std::env::temp_dir()
}

/// A new folder for temporary files, gone when it is dropped.
///
/// # Errors
/// When it cannot be made.
pub fn temp_folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("migration-gate-").tempdir_in(temp_dir())
}

/// The file of this program; `None` where the system does not say.
#[must_use]
pub fn own_program() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// The program that this one stands for.
static STOOD_FOR: OnceLock<PathBuf> = OnceLock::new();

/// Lets another program stand for this one, as tests do; only the first call counts.
pub fn stand_for(program: PathBuf) {
    let _ = STOOD_FOR.set(program);
}

/// What starts this program once more: on Linux the very file that runs, which needs no way to the
/// folder it lies in. Only for processes that are started directly; `None` where it is not known.
#[must_use]
pub fn own_program_again() -> Option<PathBuf> {
    if let Some(program) = STOOD_FOR.get() {
        return Some(program.clone());
    }
    if cfg!(test) {
        // Unit tests are another program, in the folder beside it.
        let built = own_program()?.parent()?.parent()?.join("migration-gate");
        return built.is_file().then_some(built);
    }
    if cfg!(target_os = "linux") { Some("/proc/self/exe".into()) } else { own_program() }
}

/// A child process to be started; the environment is the caller's unless cleared.
#[must_use]
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    Command::new(program)
}

/// How a captured process ended.
#[derive(Debug)]
pub enum Captured {
    /// By itself: whether with success, what it printed, and the start of its complaints.
    Done(bool, Vec<u8>, String),
    /// It was stopped.
    Stopped(Stop),
    /// It was stopped, because it printed or took more than was allowed.
    TooMuch,
}

/// Runs a process and keeps what it prints, up to `most` bytes and for `limit`; what it started
/// in its group ends with it.
///
/// # Errors
/// When it cannot be started or watched.
pub fn capture(command: &mut Command, limit: Duration, most: u64) -> std::io::Result<Captured> {
    capture_fed(command, &[], limit, most)
}

/// Like [`capture`], with `input` for the process to read.
///
/// # Errors
/// When it cannot be started or watched.
pub fn capture_fed(
    command: &mut Command,
    input: &[u8],
    limit: Duration,
    most: u64,
) -> std::io::Result<Captured> {
    capture_bounded(command, input, limit, most, &mut |_| false)
}

/// Like [`capture_fed`]; stops it as well when `excess`, which is asked often, says of its group of
/// processes that they take too much.
///
/// # Errors
/// When it cannot be started or watched.
pub fn capture_bounded(
    command: &mut Command,
    input: &[u8],
    limit: Duration,
    most: u64,
    excess: &mut dyn FnMut(u32) -> bool,
) -> std::io::Result<Captured> {
    use std::io::{Read as _, Seek as _, Write as _};
    let mut out = tempfile::tempfile()?;
    let mut fed = tempfile::tempfile()?;
    fed.write_all(input)?;
    fed.rewind()?;
    let ended = captured(command, fed, &out, (limit, most), excess)?;
    let Captured::Done(success, _, said) = ended else { return Ok(ended) };
    let mut bytes = Vec::new();
    out.rewind()?;
    out.take(most).read_to_end(&mut bytes)?;
    Ok(Captured::Done(success, bytes, said))
}

/// Like [`capture`], from a file to a file; what it prints stays in the latter, up to `most` bytes
/// of it in all.
///
/// # Errors
/// When it cannot be started or watched.
pub fn capture_files(
    command: &mut Command,
    input: File,
    out: &File,
    limit: Duration,
    most: u64,
) -> std::io::Result<Captured> {
    captured(command, input, out, (limit, most), &mut |_| false)
}

fn captured(
    command: &mut Command,
    input: File,
    out: &File,
    (limit, most): (Duration, u64),
    excess: &mut dyn FnMut(u32) -> bool,
) -> std::io::Result<Captured> {
    use std::io::{Read as _, Seek as _};
    use std::os::unix::process::CommandExt as _;
    // Files, and not pipes, so that nothing it leaves behind can keep us waiting.
    let mut complaints = tempfile::tempfile()?;
    command.stdin(input).stdout(out.try_clone()?).stderr(complaints.try_clone()?);
    let mut child = command.process_group(0).spawn()?;
    let deadline = now() + limit;
    // Most are done at once; the others are not worth asking so often.
    let mut wait = Duration::from_millis(1);
    let ended = loop {
        let ended = child.try_wait()?;
        // After that, so that what it printed last counts, too.
        let printed = out.metadata()?.len().max(complaints.metadata()?.len());
        if let Some(status) = ended {
            break if printed > most { Err(Captured::TooMuch) } else { Ok(status.success()) };
        }
        let stop = must_stop().or((now() >= deadline).then_some(Stop::Deadline));
        if let Some(stop) = stop {
            break Err(Captured::Stopped(stop));
        } else if printed > most || excess(child.id()) {
            break Err(Captured::TooMuch);
        }
        pause(wait);
        wait = (wait * 2).min(Duration::from_millis(10));
    };
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Where nothing of the group is left there is nothing to end.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    child.wait()?;
    let success = match ended {
        Ok(success) => success,
        Err(stopped) => return Ok(stopped),
    };
    let mut said = Vec::new();
    complaints.rewind()?;
    complaints.take(4096).read_to_end(&mut said)?;
    Ok(Captured::Done(success, Vec::new(), String::from_utf8_lossy(&said).into_owned()))
}

/// A place that tests stop or kill the program at: `FAILPOINTS=NAME=return(kill)`; with
/// `return(tell)` it says that it was there. Outside tests it is nothing.
pub fn reached(step: &str) {
    let _ = step;
    fail::fail_point!(step, |action: Option<String>| match action.as_deref() {
        Some("kill") => {
            // Nothing of this program runs after that.
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGKILL);
        }
        Some("tell") => eprintln!("reached {step}"),
        _ => {}
    });
}

/// Reads `FAILPOINTS`, in a program that was built with its tests.
pub fn read_failpoints() {
    if fail::has_failpoints() {
        // Gone with the process.
        std::mem::forget(fail::FailScenario::setup());
    }
}

/// A moment on the monotonic clock.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day and year, by the machine's clock.
#[must_use]
pub fn wall_clock() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// Waits; only for polling with a deadline.
pub fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Ends the process at once, where a thread of it does not come back.
pub fn end(code: u8) -> ! {
    std::process::exit(code.into())
}

/// Whether the user asked to stop (Ctrl-C, SIGTERM, SIGHUP).
static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Starts to listen for Ctrl-C, SIGTERM and SIGHUP. A second signal ends the process at once.
pub fn watch_signals() {
    let flag = Arc::clone(INTERRUPTED.get_or_init(Arc::default));
    for signal in signal_hook::consts::TERM_SIGNALS.iter().chain([&signal_hook::consts::SIGHUP]) {
        // Registration fails only for signals that cannot be caught.
        let _ = signal_hook::flag::register_conditional_shutdown(*signal, 130, Arc::clone(&flag));
        let _ = signal_hook::flag::register(*signal, Arc::clone(&flag));
    }
}

/// Whether a signal has asked the run to stop.
#[must_use]
pub fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Why a watched piece of work was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Its own deadline passed.
    Deadline,
    /// The deadline of the whole run passed.
    RunDeadline,
    /// The user asked.
    Interrupted,
}

/// The deadline of the whole run.
static RUN_DEADLINE: OnceLock<Instant> = OnceLock::new();

/// Sets the deadline of the whole run; only the first call counts.
pub fn set_run_deadline(limit: Duration) {
    let _ = RUN_DEADLINE.set(now() + limit);
}

/// Whether the run goes on for that long after its deadline, with nothing under way that must come to
/// its end.
#[must_use]
pub fn is_overdue(grace: Duration) -> bool {
    UNDISTURBED.load(Ordering::Relaxed) == 0
        && RUN_DEADLINE.get().is_some_and(|deadline| now() >= *deadline + grace)
}

/// How much work is under way that must come to its end.
static UNDISTURBED: AtomicUsize = AtomicUsize::new(0);

/// Does work that must come to its end: until then nothing says stop but its own deadlines, and a
/// second signal.
pub fn undisturbed<T>(work: impl FnOnce() -> T) -> T {
    UNDISTURBED.fetch_add(1, Ordering::Relaxed);
    let done = work();
    UNDISTURBED.fetch_sub(1, Ordering::Relaxed);
    done
}

/// Whether the run must end now, and why.
#[must_use]
pub fn must_stop() -> Option<Stop> {
    if UNDISTURBED.load(Ordering::Relaxed) > 0 {
        None
    } else if interrupted() {
        Some(Stop::Interrupted)
    } else if RUN_DEADLINE.get().is_some_and(|deadline| now() >= *deadline) {
        Some(Stop::RunDeadline)
    } else {
        None
    }
}

/// Whether standard output is a terminal that wants colours: `NO_COLOR` unset, `TERM` not `dumb`.
#[must_use]
pub fn terminal_colors() -> bool {
    use std::io::IsTerminal as _;
    std::io::stdout().is_terminal() && env("NO_COLOR").is_none() && !is_dumb()
}

/// The columns of the terminal on standard output; `None` where there is no terminal.
#[must_use]
pub fn output_width() -> Option<usize> {
    columns(&std::io::stdout())
}

/// The columns of the terminal on standard error, where a line can be written over; `None` where
/// there is no terminal, or `TERM` is `dumb`.
#[must_use]
pub fn progress_width() -> Option<usize> {
    columns(&std::io::stderr()).filter(|_| !is_dumb())
}

/// A terminal that does not know its size is as wide as they used to be.
fn columns(stream: &(impl std::os::fd::AsFd + std::io::IsTerminal)) -> Option<usize> {
    let size = || terminal_size::terminal_size_of(stream);
    stream.is_terminal().then(|| size().map_or(80, |(width, _)| width.0.into()))
}

fn is_dumb() -> bool {
    env("TERM").is_some_and(|term| term == "dumb")
}

/// Whether standard input is a terminal.
#[must_use]
pub fn stdin_is_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stdin().is_terminal()
}

/// Whether there is somebody to ask.
#[must_use]
pub fn can_ask() -> bool {
    use std::io::IsTerminal as _;
    stdin_is_terminal() && std::io::stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, seconds: u64, most: u64) -> Captured {
        let mut command = command("sh");
        capture(command.args(["-c", script]), Duration::from_secs(seconds), most).unwrap()
    }

    #[test]
    fn a_captured_process_is_heard_and_bounded() {
        let Captured::Done(true, out, said) = sh("echo a; echo b >&2", 60, 100) else { panic!() };
        assert_eq!((out.as_slice(), said.as_str()), (&b"a\n"[..], "b\n"));
        let fed = capture_fed(&mut command("cat"), b"c", Duration::from_secs(60), 100).unwrap();
        assert!(matches!(fed, Captured::Done(true, out, _) if out == b"c"));
        assert!(matches!(sh("exit 3", 60, 100), Captured::Done(false, ..)));
        assert!(matches!(sh("yes", 60, 1000), Captured::TooMuch));
        assert!(matches!(sh("printf '%2000s' x", 60, 1000), Captured::TooMuch));
    }

    #[test]
    fn what_a_captured_process_leaves_behind_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark").display().to_string();
        let start = now();
        let background = format!("(sleep 2; touch '{mark}') & sleep 60");
        assert!(matches!(sh(&background, 1, 100), Captured::Stopped(Stop::Deadline)));
        let background = format!("(sleep 2; touch '{mark}') & exit 0");
        assert!(matches!(sh(&background, 60, 100), Captured::Done(true, ..)));
        assert!(now() - start < Duration::from_secs(30));
        pause(Duration::from_millis(2500));
        assert!(!folder.path().join("mark").exists());
    }
}
