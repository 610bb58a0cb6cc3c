//! Random schemas: what the comparison says of them holds for every instance that is tried.

use migration_gate::compat::{Verdict, compare};
use serde_json::{Value, json};

use super::{independent, schema};

/// Xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    fn schema(&mut self, depth: usize) -> Value {
        let small = self.below(4);
        match self.below(if depth == 0 { 6 } else { 13 }) {
            0 => json!(self.below(2) == 0),
            1 => json!({"type": self.pick(&["integer", "number", "string", "null", "boolean"])}),
            2 => json!({"type": self.pick(&["integer", "number"]), "minimum": small}),
            3 => json!({"maximum": small, "multipleOf": self.pick(&[1, 2, 3])}),
            4 => json!({"type": "string", "minLength": small / 2, "maxLength": small}),
            5 => json!({"enum": [small, self.pick(&["a", "b"]), null]}),
            6 => json!({"type": "array", "items": self.schema(depth - 1), "minItems": small / 2}),
            7 => json!({"prefixItems": [self.schema(depth - 1)], "items": self.schema(depth - 1)}),
            8 => {
                let key = self.pick(&["a", "b"]);
                let mut schema = json!({"type": "object", "properties": {}});
                schema["properties"][key] = self.schema(depth - 1);
                match self.below(4) {
                    0 => schema["required"] = json!([self.pick(&["a", "b"])]),
                    1 => schema["additionalProperties"] = self.schema(depth - 1),
                    2 => schema["unevaluatedProperties"] = json!(false),
                    _ => schema["patternProperties"] = json!({"^a": self.schema(depth - 1)}),
                }
                schema
            }
            9 => json!({"anyOf": [self.schema(depth - 1), self.schema(depth - 1)]}),
            10 => json!({"oneOf": [self.schema(depth - 1), self.schema(depth - 1)]}),
            11 => json!({"allOf": [self.schema(depth - 1), self.schema(depth - 1)]}),
            _ => match self.below(3) {
                0 => json!({"not": self.schema(depth - 1)}),
                1 => json!({"if": self.schema(depth - 1), "then": self.schema(depth - 1)}),
                _ => json!({"contains": self.schema(depth - 1)}),
            },
        }
    }

    fn instance(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 7 } else { 11 }) {
            0 => json!(null),
            1 => json!(self.below(2) == 0),
            2 | 3 => json!(self.below(6)),
            4 => json!(1.5),
            5 | 6 => json!(self.pick(&["", "a", "b", "ab", "abcd"])),
            7 | 8 => (0..self.below(3)).map(|_| self.instance(depth - 1)).collect(),
            _ => {
                let keys = ["a", "b", "ab"];
                let count = self.below(4);
                let entry =
                    |random: &mut Self| (random.pick(&keys).to_owned(), random.instance(depth - 1));
                Value::Object((0..count).map(|_| entry(self)).collect())
            }
        }
    }
}

/// A schema that shares most of its parts with another.
fn changed(random: &mut Random, schema: &Value, depth: usize) -> Value {
    if depth == 0 || random.below(4) == 0 {
        return random.schema(depth);
    }
    let mut copy = schema.clone();
    let Some(map) = copy.as_object_mut() else { return random.schema(depth) };
    let keys: Vec<String> = map.keys().cloned().collect();
    let key = random.pick(&keys);
    match &mut map[&key] {
        Value::Object(inner) if key == "properties" => {
            for value in inner.values_mut() {
                *value = changed(random, &value.clone(), depth - 1);
            }
        }
        value @ Value::Object(_) if key != "patternProperties" => {
            *value = changed(random, &value.clone(), depth - 1);
        }
        Value::Array(items) if key.ends_with("Of") => {
            let index = random.below(items.len());
            items[index] = changed(random, &items[index].clone(), depth - 1);
        }
        _ => {
            map.remove(&key);
        }
    }
    copy
}

#[test]
fn a_verdict_on_random_schemas_holds_for_random_instances() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut proofs, mut witnesses, mut open) = (0, 0, 0);
    for _ in 0..120 {
        let old = random.schema(3);
        let new = changed(&mut random, &old, 3);
        let (from, to) = (schema(&old).expect("a schema"), schema(&new).expect("a schema"));
        let (before, after) = (independent(&old), independent(&new));
        match compare(&from, &to, &[]) {
            Verdict::Compatible => {
                proofs += 1;
                for _ in 0..300 {
                    let instance = random.instance(3);
                    let lost = before.is_valid(&instance) && !after.is_valid(&instance);
                    assert!(!lost, "{instance} is lost from {old} to {new}");
                }
            }
            Verdict::Breaking(witness) => {
                witnesses += 1;
                let instance = &witness.instance;
                assert!(before.is_valid(instance), "{instance} is not valid under {old}");
                assert!(!after.is_valid(instance), "{instance} is valid under {new}");
            }
            Verdict::Unknown { .. } => open += 1,
        }
        for instance in from.instances(6) {
            assert!(before.is_valid(&instance), "{instance} is not valid under {old}");
        }
    }
    println!("{proofs} proofs, {witnesses} witnesses, {open} open");
    assert!(proofs > 30 && witnesses > 20, "{proofs} proofs, {witnesses} witnesses");
    assert!(open * 5 < proofs + witnesses, "{open} are open");
}
