//! What an edit does to a value, and the edits between two values.

use serde_json::Value;

use super::{Edit, Refused, shown};
use crate::model::Pointer;

/// Makes an edit of a value; what [`edit`](super::edit) does to the text reads as this.
///
/// # Errors
/// Where the place does not fit the edit; the value is then as it was, except after a move, which
/// may have been taken out.
pub fn apply(root: &mut Value, edit: &Edit) -> Result<(), Refused> {
    match edit {
        Edit::Set { at, value } => {
            *root.pointer_mut(&at.to_string()).ok_or_else(|| nothing(at))? = value.clone();
            Ok(())
        }
        Edit::Add { at, value } => put(root, at, value.clone()),
        Edit::Remove { at } => take(root, at).map(drop),
        Edit::Move { from, to } if is_rename(root, from, to) => rename(root, from, to),
        Edit::Move { from, to } => {
            if to.0.len() > from.0.len() && to.0.starts_with(&from.0) {
                let reason = format!("{} cannot be moved into itself", shown(from));
                return Err(Refused::new(reason));
            }
            let value = take(root, from)?;
            put(root, to, value)
        }
    }
}

/// Whether a move only gives a map's entry another key.
pub(super) fn is_rename(root: &Value, from: &Pointer, to: &Pointer) -> bool {
    match (from.split_last(), to.split_last()) {
        (Some((map, _)), Some((other, _))) => {
            map == other && map.get(root).is_some_and(Value::is_object)
        }
        _ => false,
    }
}

/// Whether a value nests deeper than `most` levels.
#[must_use]
pub fn is_deeper(value: &Value, most: usize) -> bool {
    let mut level = vec![value];
    for _ in 0..=most {
        level = level
            .into_iter()
            .flat_map(|value| -> Box<dyn Iterator<Item = &Value>> {
                match value {
                    Value::Object(map) => Box::new(map.values()),
                    Value::Array(items) => Box::new(items.iter()),
                    _ => Box::new(std::iter::empty()),
                }
            })
            .collect();
        if level.is_empty() {
            return false;
        }
    }
    true
}

fn nothing(at: &Pointer) -> Refused {
    Refused::new(format!("nothing stands at {}", shown(at)))
}

fn parent<'a, 'p>(
    root: &'a mut Value,
    at: &'p Pointer,
) -> Result<(&'a mut Value, &'p str), Refused> {
    let Some((parent, token)) = at.split_last() else {
        return Err(Refused::new("the whole document can only be set"));
    };
    let held = root.pointer_mut(&parent.to_string()).ok_or_else(|| nothing(&parent))?;
    Ok((held, token))
}

fn put(root: &mut Value, at: &Pointer, value: Value) -> Result<(), Refused> {
    let (held, token) = parent(root, at)?;
    match held {
        Value::Object(map) if map.contains_key(token) => {
            Err(Refused::new(format!("something stands at {} already", shown(at))))
        }
        Value::Object(map) => {
            map.insert(token.to_owned(), value);
            Ok(())
        }
        Value::Array(items) => {
            let index = if token == "-" { Some(items.len()) } else { Pointer::index(token) };
            let index = index.filter(|index| *index <= items.len());
            let index = index
                .ok_or_else(|| Refused::new(format!("{} is not a place in the list", shown(at))))?;
            items.insert(index, value);
            Ok(())
        }
        _ => Err(Refused::new(format!("{} is in neither a map nor a list", shown(at)))),
    }
}

fn take(root: &mut Value, at: &Pointer) -> Result<Value, Refused> {
    let (held, token) = parent(root, at)?;
    let taken = match held {
        Value::Object(map) => map.shift_remove(token),
        Value::Array(items) => {
            let index = Pointer::index(token).filter(|index| *index < items.len());
            index.map(|index| items.remove(index))
        }
        _ => None,
    };
    taken.ok_or_else(|| nothing(at))
}

fn rename(root: &mut Value, from: &Pointer, to: &Pointer) -> Result<(), Refused> {
    let (held, old) = parent(root, from)?;
    let (Value::Object(map), Some(new)) = (held, to.0.last()) else { return Err(nothing(from)) };
    if !map.contains_key(old) {
        return Err(nothing(from));
    }
    if old != new && map.contains_key(new) {
        return Err(Refused::new(format!("something stands at {} already", shown(to))));
    }
    let renamed = |key: String| if key == old { new.clone() } else { key };
    *map = std::mem::take(map).into_iter().map(|(key, value)| (renamed(key), value)).collect();
    Ok(())
}

/// Edits that turn one value into the other, in their order: those of a map by its keys, those of
/// a list between the items that both begin with and those that both end with.
#[must_use]
pub fn difference(old: &Value, new: &Value) -> Vec<Edit> {
    difference_at(&Pointer::default(), old, new)
}

/// The same for values that stand at a place.
pub(super) fn difference_at(at: &Pointer, old: &Value, new: &Value) -> Vec<Edit> {
    let mut edits = Vec::new();
    compare(at, old, new, &mut edits);
    edits
}

fn compare(at: &Pointer, old: &Value, new: &Value, edits: &mut Vec<Edit>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(before), Value::Object(after)) => {
            for (key, old) in before {
                match after.get(key) {
                    None => edits.push(Edit::Remove { at: at.join(key) }),
                    Some(new) => compare(&at.join(key), old, new, edits),
                }
            }
            for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                edits.push(Edit::Add { at: at.join(key), value: new.clone() });
            }
        }
        (Value::Array(before), Value::Array(after)) => items(at, before, after, edits),
        _ => edits.push(Edit::Set { at: at.clone(), value: new.clone() }),
    }
}

fn items(at: &Pointer, old: &[Value], new: &[Value], edits: &mut Vec<Edit>) {
    let shorter = old.len().min(new.len());
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let tail = tail.min(shorter - head);
    let both = shorter - tail;
    for index in head..both {
        compare(&at.join(index.to_string()), &old[index], &new[index], edits);
    }
    for index in (both..old.len() - tail).rev() {
        edits.push(Edit::Remove { at: at.join(index.to_string()) });
    }
    for (index, value) in new.iter().enumerate().take(new.len() - tail).skip(both) {
        edits.push(Edit::Add { at: at.join(index.to_string()), value: value.clone() });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_deeper;

    #[test]
    fn depth_is_measured_without_recursion() {
        let mut deep = json!(1);
        for _ in 0..3 {
            deep = json!([deep]);
        }
        assert!(is_deeper(&deep, 2) && !is_deeper(&deep, 3));
    }
}
