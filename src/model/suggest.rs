//! Words that were mistyped: which one was meant.

/// The known word nearest to `word`, where one is near enough to be meant.
#[must_use]
pub fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let word = word.to_lowercase().replace(['_', ' '], "-");
    let near = |candidate: &str| distance(&word, &candidate.to_lowercase().replace('_', "-"));
    known
        .iter()
        .map(|candidate| (near(candidate), *candidate))
        .filter(|(steps, candidate)| *steps <= (candidate.chars().count() / 3).max(1))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A way out for a word that must be one of `known`.
#[must_use]
pub fn known_words(word: &str, known: &[&str]) -> String {
    let all = known.join(", ");
    match closest(word, known) {
        Some(close) if known.len() > 4 => format!("did you mean \"{close}\"? Use one of {all}"),
        _ => format!("use one of {all}"),
    }
}

/// How many characters are wrong, missing, too many or in the place of their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut next = vec![i + 1];
        for j in 0..b.len() {
            let replaced = row[j] + usize::from(a[i] != b[j]);
            let mut steps = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                steps = steps.min(before[j - 1] + 1);
            }
            next.push(steps);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_of_the_finger_is_understood_and_another_word_is_not() {
        let known = ["online", "post_deploy", "manual_backfill"];
        assert_eq!(closest("post-deploy", &known), Some("post_deploy"));
        assert_eq!(closest("Onlien", &known), Some("online"));
        assert_eq!(closest("offline", &known), Some("online"));
        assert_eq!(closest("mvoe", &["move", "map"]), Some("move"));
        assert_eq!(closest("sometime", &known), None);
        assert_eq!(closest(&"x".repeat(100_000), &known), None);
    }
}
