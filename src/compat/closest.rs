//! Of alternatives that all refuse a value, the one that was most probably meant.

use std::cmp::Reverse;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};

/// How deep alternatives are looked into that stand in alternatives.
const DEEPEST: usize = 32;

type Branches<'e> = &'e [Vec<ValidationError<'static>>];

/// What each alternative has against the value, where none accepts it.
fn branches<'e>(error: &'e ValidationError<'_>) -> Option<Branches<'e>> {
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            Some(context)
        }
        _ => None,
    }
}

/// What is wrong with the value in the alternative that comes closest, and how many there are.
/// `None` where there are none, or where the value is of another sort than all of them.
pub(super) fn closest<'e>(
    error: &'e ValidationError<'_>,
) -> Option<(&'e ValidationError<'static>, usize)> {
    let alternatives = branches(error)?;
    let mut found = best(error, alternatives)?;
    for _ in 0..DEEPEST {
        let Some(inner) = branches(found).and_then(|inner| best(found, inner)) else { break };
        found = inner;
    }
    Some((found, alternatives.len()))
}

/// The first error of the alternative whose errors lie deepest, or that has the fewest.
fn best<'e>(
    error: &ValidationError<'_>,
    alternatives: Branches<'e>,
) -> Option<&'e ValidationError<'static>> {
    let top = depth(error);
    let meant = alternatives.iter().filter(|errors| !errors.iter().any(|it| is_other(it, top)));
    let rank = |errors: &&Vec<ValidationError<'static>>| {
        let told_apart = errors.iter().any(|it| tells_apart(it, top));
        (told_apart, Reverse(errors.iter().map(depth).min()), errors.len())
    };
    meant.min_by_key(rank)?.first()
}

/// Whether the value is of another type than the alternative is about.
fn is_other(error: &ValidationError<'_>, top: usize) -> bool {
    depth(error) == top && matches!(error.kind(), ValidationErrorKind::Type { .. })
}

/// Whether a property is there to say which alternative is meant, and says another one.
fn tells_apart(error: &ValidationError<'_>, top: usize) -> bool {
    let listed = matches!(
        error.kind(),
        ValidationErrorKind::Constant { .. } | ValidationErrorKind::Enum { .. }
    );
    depth(error) == top + 1 && listed
}

/// The types of all alternatives, where the value is of none of them.
pub(super) fn types(error: &ValidationError<'_>) -> Option<String> {
    let top = depth(error);
    let mut names: Vec<String> = Vec::new();
    for errors in branches(error)? {
        let own = errors.iter().find(|it| is_other(it, top))?;
        let ValidationErrorKind::Type { kind } = own.kind() else { return None };
        let more: Vec<String> = match kind {
            TypeKind::Single(one) => vec![one.to_string()],
            TypeKind::Multiple(several) => several.iter().map(|it| it.to_string()).collect(),
        };
        names.extend(more.into_iter().map(|name| format!("\"{name}\"")));
    }
    let mut known = std::collections::BTreeSet::new();
    names.retain(|name| known.insert(name.clone()));
    (!names.is_empty()).then(|| names.join(", "))
}

fn depth(error: &ValidationError<'_>) -> usize {
    error.instance_path().as_str().matches('/').count()
}
