use super::super::tests::{ids, problems, tree_at};
use super::super::{by_name, detect_best};

#[test]
fn the_folder_tells_unless_another_tool_left_its_marks() {
    let best = |root: &str, text: &str| {
        let tree = tree_at(root, &[("20260101000000_a.sql", text)]);
        detect_best(&tree).map(|(layout, _)| layout.name())
    };
    assert_eq!(best("supabase/migrations", "select 1;"), Some("supabase"));
    assert_eq!(best("apps/web/supabase/migrations", "select 1;"), Some("supabase"));
    assert_eq!(best("notsupabase/migrations", "select 1;"), Some("sqlx"));
    assert_eq!(best("supabase/migrations", "-- migrate:up\n"), Some("dbmate"));
}

#[test]
fn versions_are_compared_as_text_and_nothing_is_undone() {
    let tree =
        tree_at("supabase/migrations", &[("9_b.sql", ""), ("10_a.sql", ""), ("seed.sql", "")]);
    let reading = by_name("supabase").unwrap().read(&tree);
    assert_eq!(ids(&reading), ["10_a", "9_b"]);
    assert!(reading.migrations.iter().all(|one| one.down.step().is_none()));
    assert_eq!(problems(&reading), ["no migration claims `seed.sql`"]);
}
