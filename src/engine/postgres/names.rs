//! Names that PostgreSQL makes up.
//!
//! A constraint, index or sequence without a name gets one of its table, columns and kind, cut to
//! 63 bytes, with a number behind where that name is taken
//! ([`makeObjectName`](https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/commands/indexcmds.c)).

/// The longest name in bytes.
const LONGEST: usize = 63;

/// Whether `name` is what PostgreSQL would have called an object of this table (`stem`), these
/// columns (`middle`) and this kind (`label`).
pub(super) fn is_generated(name: &str, stem: &str, middle: Option<&str>, label: &str) -> bool {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &name[bare.len()..];
    // The number is part of the label that the rest is cut for. A label never ends in a digit.
    !number.starts_with('0') && name == made_up(stem, middle, &format!("{label}{number}"))
}

fn made_up(stem: &str, middle: Option<&str>, label: &str) -> String {
    let overhead = label.len() + 1 + usize::from(middle.is_some());
    let room = LONGEST.saturating_sub(overhead);
    let mut first = stem.len();
    let mut second = middle.map_or(0, str::len);
    while first + second > room {
        if first > second {
            first -= 1;
        } else {
            second -= 1;
        }
    }
    let stem = &stem[..stem.floor_char_boundary(first)];
    match middle {
        Some(middle) => {
            format!("{stem}_{}_{label}", &middle[..middle.floor_char_boundary(second)])
        }
        None => format!("{stem}_{label}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_table_columns_and_kind_are_generated() {
        for (name, stem, middle, label) in [
            ("t_pkey", "t", None, "pkey"),
            ("t_a_b_key", "t", Some("a_b"), "key"),
            ("t_a_fkey1", "t", Some("a"), "fkey"),
            ("t2_a_idx12", "t2", Some("a"), "idx"),
            ("t_check", "t", None, "check"),
        ] {
            assert!(is_generated(name, stem, middle, label), "{name}");
        }
        assert!(!is_generated("users_email", "users", Some("email"), "key"));
        assert!(!is_generated("t_pkey0", "t", None, "pkey"));
        assert!(!is_generated("u_pkey", "t", None, "pkey"));
    }

    #[test]
    fn long_names_are_cut_as_postgres_cuts_them() {
        let (table, column) = ("t".repeat(40), "c".repeat(40));
        let name = format!("{}_{}_idx", "t".repeat(29), "c".repeat(29));
        assert_eq!(made_up(&table, Some(&column), "idx"), name);
        assert!(is_generated(&name, &table, Some(&column), "idx"));
    }
}
