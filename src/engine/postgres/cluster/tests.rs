use super::super::confined::Hold;
use super::super::tests::binaries;
use super::*;

fn server(cluster: &Cluster) -> PathBuf {
    let said = fs::read_to_string(cluster.data().join("postmaster.pid")).unwrap();
    std::path::Path::new("/proc").join(said.lines().next().unwrap())
}

fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = host::now() + Duration::from_secs(8);
    while !done() {
        assert!(host::now() < deadline, "waited in vain for {what}");
        host::pause(Duration::from_millis(5));
    }
}

#[test]
fn a_server_that_is_not_listening_yet_is_stopped_all_the_same() {
    let Some(binaries) = binaries() else { return };
    let cluster = Cluster::start(&binaries, Hold::of_this_kernel(false)).unwrap();
    let started = host::now();
    for _ in 0..4 {
        cluster.kill();
        cluster.order("start").unwrap();
    }
    let home = cluster.home().to_owned();
    drop(cluster);
    assert!(!home.exists());
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[test]
fn a_server_whose_supervisor_was_killed_goes_with_the_sandbox() {
    let Some(binaries) = binaries() else { return };
    let cluster = Cluster::start(&binaries, Hold::of_this_kernel(false)).unwrap();
    let (home, server) = (cluster.home().to_owned(), server(&cluster));
    cluster.kill_supervisor();
    assert!(cluster.order("alive").is_err());
    drop(cluster);
    assert!(!home.exists());
    soon("the server to go", || !server.exists());
}
