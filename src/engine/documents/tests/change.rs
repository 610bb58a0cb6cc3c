use super::*;

const NEW: &str = "{\"server\": {\"port\": 80}}\n";

fn two(files: &[(&str, &str)]) -> Documents {
    documents(&[("1", old()), ("2", new())], files)
}

fn named(all: &[Skipped]) -> Vec<&str> {
    all.iter().map(|one| one.path.as_str()).collect()
}

#[test]
fn a_change_is_computed_as_the_sandbox_computes_it() {
    let files = [("a.json", ONE), ("b.json", "{\"port\": 1, \"legacy\": {\"x\": [1]}}")];
    let held = two(&files);
    let mut target = held.target(&spec()).unwrap();
    run(&mut target, &up(nest()));
    let changed = held.change(&up(nest())).unwrap();
    let texts: Vec<_> = changed.texts.iter().map(|(path, text)| (path.as_str(), &**text)).collect();
    let [a, b] = ["a.json", "b.json"].map(|name| text(&target, name));
    assert_eq!(texts, [("a.json", a.as_str()), ("b.json", b.as_str())]);
    assert_eq!(&*held.files[0].text, ONE, "nothing is written");
}

#[test]
fn documents_that_are_new_already_are_no_error() {
    let changed = two(&[("a.json", NEW)]).change(&up(nest())).unwrap();
    assert_eq!((changed.texts.len(), changed.already), (0, 1));
    assert_eq!(two(&[]).change(&up(nest())).unwrap(), Changed::default());
}

#[test]
fn a_document_whose_text_stays_is_not_among_those_that_change() {
    let held = two(&[("a.json", ONE)]);
    let changed = held.change(&program(vec![], Some(Span::new(0, 9)), "1", "1")).unwrap();
    assert_eq!(changed, Changed::default());
}

#[test]
fn documents_that_do_not_fit_are_told_from_those_of_other_versions() {
    let mut held = two(&[
        ("a.json", "{\"port\": 1, \"version\": 1}"),
        ("b.json", "{\"port\": \"x\", \"version\": 1}"),
        ("c.json", "{\"version\": 3}"),
        ("d.json", "{\"port\": 1"),
        ("e.json", "{}"),
    ]);
    held.schemas[0].version_at = Some(at("/version"));
    let changed = held.change(&up(nest())).unwrap();
    assert_eq!(changed.texts.keys().map(RepoPath::as_str).collect::<Vec<_>>(), ["a.json"]);
    assert_eq!(named(&changed.unfit), ["b.json", "d.json"]);
    assert_eq!(named(&changed.skipped), ["c.json", "e.json"]);
    assert!(changed.unfit[0].reason.contains("not valid under version 1"));
}

#[test]
fn only_the_documents_that_are_named_are_computed() {
    let held = two(&[("a.json", ONE), ("b.json", "{"), ("c.json", ONE)]);
    let mut one = Program::clone(&up(nest()));
    one.targets = vec!["c.*".into()];
    assert_eq!(held.meant(&one).unwrap(), [path("c.json")]);
    let changed = held.change(&one).unwrap();
    assert_eq!(changed.texts.keys().map(RepoPath::as_str).collect::<Vec<_>>(), ["c.json"]);
    assert!(changed.unfit.is_empty());
}

#[test]
fn a_derived_way_back_goes_where_the_documents_say_enough() {
    let wrap = up(vec![Action::Wrap { at: at("/port"), key: Some("n".into()) }]);
    let wrapped = json!({"type": "object", "properties": {"port": {"type": "object"}}});
    let held = |text| documents(&[("1", old()), ("2", wrapped.clone())], &[("a.json", text)]);
    let there = held(ONE).change(&wrap).unwrap();
    let back = held(&there.texts[&path("a.json")]).change(&inverse(&wrap)).unwrap();
    assert_eq!(&*back.texts[&path("a.json")], ONE);
}

#[test]
fn a_derived_way_back_that_needs_what_was_kept_is_refused_with_the_checkpoint() {
    for action in [
        Action::Remove { at: at("/legacy") },
        Action::Set { at: at("/port"), value: json!(1) },
        Action::Add { at: at("/legacy"), value: json!(1) },
    ] {
        // Also where no document would need it: nobody can tell.
        let error = two(&[]).change(&inverse(&up(vec![action]))).unwrap_err();
        let TargetError::CannotRun(refused) = error else { panic!("{error:?}") };
        assert!(refused.way_out.contains("checkpoint"), "{refused:?}");
    }
}

#[test]
fn misfits_are_what_a_migration_should_have_brought_along() {
    let mut held = two(&[
        ("a.json", "{\"server\": {\"port\": 1}, \"version\": 2}"),
        ("b.json", "{\"port\": 1, \"version\": 1}"),
        ("c.json", "{\"port\": 1, \"version\": 2}"),
        ("d.json", "{\"version\": 3}"),
        ("e.json", "nonsense"),
    ]);
    held.schemas[0].version_at = Some(at("/version"));
    let found = held.misfits(&up(nest())).unwrap();
    let names: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["b.json", "c.json", "e.json"]);
    assert_eq!(found[0].1, "it is still at version 1");
    let plain = two(&[("a.json", ONE), ("b.json", NEW)]).misfits(&up(nest())).unwrap();
    assert_eq!(plain[0].0, path("a.json"));
    assert_eq!(plain.len(), 1);
}

#[test]
fn older_documents_are_stale_and_newer_ones_are_not() {
    let newer = json!({"type": "object", "required": ["host"]});
    let versions = [("1", old()), ("2", new()), ("3", newer)];
    let files = [
        ("a.json", "{\"server\": {\"port\": 1}, \"version\": 2}"),
        ("b.json", "{\"port\": 1, \"version\": 1}"),
        ("c.json", "{\"host\": \"x\", \"version\": 3}"),
        ("d.json", "{\"port\": 1, \"version\": 0}"),
    ];
    let mut held = documents(&versions, &files);
    held.schemas[0].version_at = Some(at("/version"));
    let before = ["0", "1"].into_iter().collect();
    let found = held.stale(&up(nest()), &before).unwrap();
    let told: Vec<_> = found.iter().map(|(path, why)| (path.as_str(), why.as_str())).collect();
    let [b, d] = ["it is still at version 1", "it is still at version 0"];
    assert_eq!(told, [("b.json", b), ("d.json", d)]);
    // Without a version only the schemas tell.
    let files = [("a.json", NEW), ("b.json", ONE), ("c.json", "{\"host\": \"x\"}")];
    let found = documents(&versions, &files).stale(&up(nest()), &["1"].into_iter().collect());
    let found = found.unwrap();
    assert_eq!(found.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["b.json"]);
}
