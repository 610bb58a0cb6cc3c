use std::path::Path;
use std::time::Duration;

use super::*;
use crate::host::Captured;

const PATH: [&str; 3] = ["/usr/bin", "/bin", "/usr/sbin"];

/// Runs a shell script under a policy; skips loudly where nothing can be confined.
fn confined(policy: &Policy, script: &str) -> Option<(bool, String)> {
    if support() == Support::None {
        eprintln!("SKIPPED: this kernel confines nothing");
        return None;
    }
    let mut command = policy.command("/bin/sh").unwrap();
    command.args(["-c", script]).env_clear().env("PATH", PATH.join(":"));
    match host::capture(&mut command, Duration::from_secs(20), 10_000).unwrap() {
        Captured::Done(success, out, said) => {
            Some((success, String::from_utf8_lossy(&out).into_owned() + &said))
        }
        other => panic!("{other:?}"),
    }
}

fn program(write: &Path) -> Policy {
    let system = ["/bin", "/usr", "/lib", "/lib64"].map(PathBuf::from).to_vec();
    Policy { execute: system, write: vec![write.into()], ..Policy::new(Role::Program) }
}

#[test]
fn a_program_reaches_its_own_folder_and_no_other() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (policy, here, there) = (program(own.path()), own.path().display(), other.path().display());
    let Some(ran) = confined(&policy, &format!("echo x > {here}/a && cat {here}/a")) else {
        return;
    };
    assert_eq!(ran, (true, "x\n".into()));
    for script in [format!("echo x > {there}/a"), format!("ls {there}"), "cat /etc/passwd".into()] {
        let (success, said) = confined(&policy, &script).unwrap();
        assert!(!success && said.contains("Permission denied"), "{script}: {said}");
    }
    assert!(!other.path().join("a").exists());
}

/// Threads are confined one by one, so a test can be.
#[test]
fn a_calculation_opens_starts_and_connects_nothing() {
    if support() == Support::None {
        eprintln!("SKIPPED: this kernel confines nothing");
        return;
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let file = host::own_program().unwrap();
    let outside = move || {
        [
            std::fs::File::open(&file).err(),
            std::fs::read_dir("/").err(),
            std::fs::write("/tmp/calculated", "x").err(),
            host::command("/bin/true").spawn().err(),
            std::net::TcpStream::connect(address).err(),
            std::os::unix::net::UnixDatagram::unbound().err(),
        ]
    };
    let confined = std::thread::spawn(move || {
        enter(&Policy::new(Role::Calculation)).unwrap();
        let thread = std::thread::spawn(|| 1 + 1).join().unwrap();
        (outside(), thread)
    });
    let (errors, thread) = confined.join().unwrap();
    for (at, error) in errors.iter().enumerate() {
        let kind = error.as_ref().map(std::io::Error::kind);
        assert_eq!(kind, Some(std::io::ErrorKind::PermissionDenied), "{at}");
    }
    assert_eq!(thread, 2);
}

/// Whether a tool is in the folders where the confined look.
fn is_here(tool: &str) -> bool {
    PATH.iter().any(|folder| Path::new(folder).join(tool).exists())
}

fn is_refusal(said: &str) -> bool {
    ["ermission denied", "not permitted", "ust be superuser"]
        .iter()
        .any(|words| said.contains(words))
}

#[test]
fn other_processes_and_the_means_of_root_are_out_of_reach() {
    let own = tempfile::tempdir().unwrap();
    let mut other = host::command("sleep").arg("600").spawn().unwrap();
    let (policy, pid) = (program(own.path()), other.id());
    let file = own.path().join("a");
    std::fs::write(&file, "").unwrap();
    let before = std::fs::metadata(&file).unwrap().modified().unwrap();
    for script in [
        format!("prlimit --pid {pid} --nofile=9:9"),
        format!("renice 19 {pid}"),
        format!("taskset -p 1 {pid}"),
        format!("kill -s STOP {pid}"),
        "mount -t tmpfs none /mnt".into(),
        "ipcmk --shmem 4096".into(),
        "ipcmk --semaphore 1".into(),
        "ipcmk --queue".into(),
        // Here 0 is not the caller but all that is the user's.
        "renice -n 0 -u 0".into(),
        "ionice -c 2 -n 4 -u 0".into(),
        // What may not freeze may not thaw, and to thaw harms nobody: nothing is frozen.
        format!("fsfreeze --unfreeze {}", own.path().display()),
    ] {
        let tool = script.split(' ').next().unwrap();
        if !is_here(tool) {
            eprintln!("SKIPPED: {tool} is not on this machine");
            continue;
        }
        let Some((success, said)) = confined(&policy, &script) else { break };
        assert!(!success && is_refusal(&said), "{script}: {said}");
    }
    // It is answered as done.
    confined(&policy, &format!("touch -d @0 {}", file.display()));
    assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), before);
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    assert!(!limits.contains("files            9"), "{limits}");
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn limits_hold() {
    let own = tempfile::tempdir().unwrap();
    let mut policy = program(own.path());
    policy.limits.file = Some(1000);
    let script = format!("head -c 2000 /dev/zero > {}/a", own.path().display());
    let Some((success, _)) = confined(&policy, &script) else { return };
    assert!(!success);
    assert_eq!(std::fs::metadata(own.path().join("a")).unwrap().len(), 1000);
}

#[test]
fn memory_is_bounded() {
    let own = tempfile::tempdir().unwrap();
    let mut policy = program(own.path());
    policy.limits.memory = Some(256 << 20);
    // A line without end.
    let Some((success, said)) = confined(&policy, "tail -n 1 /dev/zero") else { return };
    assert!(!success && said.contains("memory"), "{said}");
}

#[test]
fn a_policy_that_cannot_be_read_runs_nothing() {
    assert!(become_program("{}", &["true".into()]).to_string().contains("policy"));
    let policy = serde_json::to_string(&Policy::new(Role::Program)).unwrap();
    assert!(become_program(&policy, &[]).to_string().contains("no program"));
}

/// Runs a shell script as a change's program is run.
fn in_a_workplace(script: &str) -> Option<Captured> {
    if support() == Support::None {
        eprintln!("SKIPPED: this kernel confines nothing");
        return None;
    }
    let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = Workplace { folder: folder.path().into(), unconfined: false };
    let words = ["sh", "-c", script].map(str::to_owned);
    let limit = Duration::from_secs(60);
    let mut command = place.command(&words, home.path(), limit).unwrap();
    let mut excess = place.excess(home.path()).unwrap();
    let mut is_reached = |group| excess.is_reached(group);
    Some(host::capture_bounded(&mut command, &[], limit, 1000, &mut is_reached).unwrap())
}

#[test]
fn a_program_that_starts_ever_more_is_ended_with_all_of_them() {
    let marker = "sleep 47.1147";
    let bomb = format!("while :; do {marker} & done");
    let Some(ended) = in_a_workplace(&bomb) else { return };
    assert!(matches!(ended, Captured::TooMuch), "{ended:?}");
    let of = |entry: std::fs::DirEntry| std::fs::read(entry.path().join("cmdline")).ok();
    let left = || {
        let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(of);
        all.filter(|line| line.windows(7).any(|part| part == b"47.1147")).count()
    };
    // What was killed may not be gone yet.
    let begun = host::now();
    while left() > 0 && begun.elapsed() < Duration::from_secs(20) {
        host::pause(Duration::from_millis(50));
    }
    assert_eq!(left(), 0, "processes are left");
}

#[test]
fn a_program_that_writes_ever_more_files_is_ended() {
    let fill = "i=0; while :; do i=$((i+1)); fallocate -l 100M f$i || exit; done";
    let Some(ended) = in_a_workplace(fill) else { return };
    assert!(matches!(ended, Captured::TooMuch), "{ended:?}");
}
