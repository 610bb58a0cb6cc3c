//! Instances that reach the places where two schemas differ, with values for those places.
//!
//! Where schemas are large, values made from the top rarely get as deep as a change lies. Here
//! the places are found first, and each value for one is then wrapped into what its parents
//! demand.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::scalars::{Found, numbers, plain, texts};
use super::shape::{Node, Shape};
use super::strings;
use super::values::{Focus, Values};
use crate::compat::keyword::{self, Holds};

/// How many places are looked at.
const MOST_PLACES: usize = 3_000;
/// How many of them are aimed at.
const MOST_TARGETS: usize = 200;
/// By how many ways one and the same place is aimed at.
const MOST_WAYS: usize = 2;
/// How deep a place may lie.
const DEEPEST: usize = 12;
/// How many values one place gets.
const MOST_PROBES: usize = 16;
/// How many wrapped values are carried from one level to the next.
const BEAM: usize = 3;
/// How many values all wrapping may look at.
const MOST_WRAPPED: usize = 8_000;

/// The depth by which the parts of what wraps a value are chosen: one value each.
const SMALL_PARTS: usize = 6;

/// One step into an instance.
#[derive(Clone)]
enum Token {
    Key(String),
    Index(usize),
}

/// A place of the instance and the schemas that judge it.
struct Place<'a> {
    nodes: Vec<Node<'a>>,
    shape: Shape<'a>,
    /// The place above and the step from there; `None` at the top.
    above: Option<(usize, Token)>,
    depth: usize,
}

/// Feeds instances to the sink until it has enough.
pub(super) fn feed<'a>(
    nodes: &[Node<'a>],
    values: &mut Values<'_>,
    focus: &dyn Focus,
    sink: &mut dyn FnMut(&Value) -> bool,
) {
    let (places, targets) = places(nodes, focus);
    let mut left = MOST_WRAPPED;
    // What stands around a place, by the place: it is the same for every value there.
    let mut around: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for target in targets {
        for probe in probes(&places[target], values) {
            let mut beam = vec![probe];
            let mut at = target;
            while let Some((above, token)) = &places[at].above {
                let outer = around.entry(at).or_insert_with(|| match token {
                    Token::Key(name) => around_key(&places[*above], name, values),
                    Token::Index(index) => around_index(&places[*above], *index, values),
                });
                left = left.saturating_sub(outer.len() * beam.len());
                beam = wrapped(&places[*above], token, &beam, outer, values);
                at = *above;
            }
            if beam.iter().any(&mut *sink) || left == 0 {
                return;
            }
        }
    }
}

/// The places that lead to a difference, the nearest first, and those of them that have one.
fn places<'a>(nodes: &[Node<'a>], focus: &dyn Focus) -> (Vec<Place<'a>>, Vec<usize>) {
    let mut places: Vec<Place<'a>> = Vec::new();
    let mut targets = Vec::new();
    let mut ways: BTreeMap<Vec<usize>, usize> = BTreeMap::new();
    let mut waiting = VecDeque::from([(nodes.to_vec(), None, 0)]);
    while let Some((nodes, above, depth)) = waiting.pop_front() {
        if places.len() >= MOST_PLACES || targets.len() >= MOST_TARGETS {
            break;
        }
        let ways = ways.entry(nodes.iter().map(Node::id).collect()).or_default();
        *ways += 1;
        if *ways > MOST_WAYS || !focus.wants(&nodes) {
            continue;
        }
        let place = places.len();
        let shape = Shape::of(&nodes);
        if differs(&shape) {
            targets.push(place);
        }
        if depth < DEEPEST {
            for token in tokens(&shape) {
                let below = match &token {
                    Token::Key(name) => shape.property(name),
                    Token::Index(index) => shape.item(*index),
                };
                waiting.push_back((below, Some((place, token)), depth + 1));
            }
        }
        places.push(Place { nodes, shape, above, depth });
    }
    (places, targets)
}

/// The steps from a place to others.
fn tokens(shape: &Shape<'_>) -> Vec<Token> {
    let mut names: BTreeSet<String> =
        shape.properties.keys().map(|name| (*name).to_owned()).collect();
    for pattern in shape.shapes.keys() {
        names.extend(strings::of_pattern(pattern).into_iter().next());
    }
    if !shape.others.is_empty() {
        names.insert("unknown".to_owned());
    }
    let keys = names.into_iter().map(Token::Key);
    keys.chain((0..=shape.first.len()).take(20).map(Token::Index)).collect()
}

/// Whether the schemas of both sides differ in what they say of the very value.
fn differs(shape: &Shape<'_>) -> bool {
    let (old, new): (Vec<&Node<'_>>, Vec<&Node<'_>>) = shape.parts.iter().partition(|it| it.old);
    old.len() != new.len() || old.iter().zip(&new).any(|(old, new)| own(old) != own(new))
}

/// What a schema says itself, without the schemas in it.
fn own(node: &Node<'_>) -> Value {
    let Value::Object(map) = node.schema else { return node.schema.clone() };
    let bare = |value: &Value| if value.is_boolean() { value.clone() } else { Value::Null };
    let kept =
        map.iter().filter(|(keyword, _)| *keyword != "$ref").filter_map(|(keyword, value)| {
            let kept = match (keyword::holds(node.draft, keyword)?, value) {
                (Holds::Data, value) => value.clone(),
                (_, Value::Array(items)) => items.iter().map(bare).collect(),
                (Holds::Named | Holds::NamedSchemaOrNames, Value::Object(named)) => {
                    named.iter().map(|(name, item)| (name.clone(), bare(item))).collect()
                }
                (_, value) => bare(value),
            };
            Some((keyword.clone(), kept))
        });
    Value::Object(kept.collect())
}

/// Values for a place: those first that the new schemas there refuse and the old ones do not.
fn probes(place: &Place<'_>, values: &mut Values<'_>) -> Vec<Value> {
    let mut found = Found::new(230);
    for value in plain(&place.shape) {
        found.add(value);
    }
    for value in place.shape.listed.iter().take(200) {
        found.add((*value).clone());
    }
    numbers(&place.shape, &mut found);
    texts(&place.shape, &mut found);
    found.most = 260;
    for value in values.of(&place.nodes, (place.depth + 2).clamp(3, 5)) {
        found.add(value);
    }
    let mut ranked: Vec<((usize, usize), Value)> = Vec::new();
    for value in found.values {
        let (mut refused, mut accepted) = (0, 0);
        for node in &place.nodes {
            match (node.old, values.accepts(node, &value)) {
                (true, false) => refused += 1,
                (false, true) => accepted += 1,
                _ => {}
            }
        }
        ranked.push(((refused, accepted), value));
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().take(MOST_PROBES).map(|(_, value)| value).collect()
}

/// Values for a place with one of the given ones below it.
fn wrapped(
    place: &Place<'_>,
    token: &Token,
    inner: &[Value],
    around: &[Value],
    values: &mut Values<'_>,
) -> Vec<Value> {
    let mut ranked: Vec<(usize, Value)> = Vec::new();
    for value in inner {
        for outer in around {
            let mut outer = outer.clone();
            match (&mut outer, token) {
                (Value::Object(map), Token::Key(name)) => {
                    map.insert(name.clone(), value.clone());
                }
                (Value::Array(items), Token::Index(index)) => {
                    if let Some(item) = items.get_mut(*index) {
                        *item = value.clone();
                    }
                }
                _ => {}
            }
            let old = place.nodes.iter().filter(|node| node.old);
            let refused = old.filter(|node| !values.accepts(node, &outer)).count();
            ranked.push((refused, outer));
        }
    }
    ranked.sort_by_key(|(refused, _)| *refused);
    ranked.into_iter().map(|(_, value)| value).take(BEAM).collect()
}

/// Objects that a property can be put into.
fn around_key(place: &Place<'_>, name: &str, values: &mut Values<'_>) -> Vec<Value> {
    let depth = SMALL_PARTS.max(place.depth);
    let always: Vec<Map<String, Value>> =
        values.bases(&place.shape, depth).into_iter().take(4).collect();
    let mut found: Vec<Value> = vec![Value::Object(Map::new())];
    let mut add = |map: Map<String, Value>| {
        let value = Value::Object(map);
        if !found.contains(&value) {
            found.push(value);
        }
    };
    // A branch that knows the property says best what comes with it.
    let knows = |node: &&Node<'_>| {
        let properties = node.schema.get("properties");
        node.old && properties.is_some_and(|named| named.get(name).is_some())
    };
    let branches: Vec<Node<'_>> = place.shape.parts.iter().filter(knows).take(4).copied().collect();
    for branch in branches {
        for base in values.bases(&Shape::of(&[branch]), depth).into_iter().take(2) {
            let mut joined = always.first().cloned().unwrap_or_default();
            joined.extend(base.clone());
            add(joined);
            add(base);
        }
    }
    always.into_iter().for_each(&mut add);
    found
}

/// Arrays that an item can be put into.
fn around_index(place: &Place<'_>, index: usize, values: &mut Values<'_>) -> Vec<Value> {
    let depth = SMALL_PARTS.max(place.depth);
    let fixed = place.shape.first.len();
    let counts = place.shape.counts.iter().filter_map(|count| usize::try_from(*count).ok());
    let mut lengths: BTreeSet<usize> = counts.filter(|count| *count <= 12).collect();
    lengths.extend([index + 1, fixed]);
    let lengths = lengths.into_iter().filter(|length| *length > index).take(3);
    lengths
        .map(|length| {
            let item = |at| values.sample(&place.shape.item(at), depth).unwrap_or(Value::Null);
            Value::Array((0..length).map(item).collect())
        })
        .collect()
}
