//! What is a little wrong: JSON, text and bytes.

use serde_json::{Map, Value, json};

use crate::choices::Choices;

/// JSON with up to three places changed.
pub(crate) fn json(choices: &mut Choices, value: &Value) -> Value {
    let mut value = value.clone();
    for _ in 0..=choices.below(3) {
        let mut at = choices.below(nodes(&value));
        change(choices, &mut value, &mut at);
    }
    value
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(nodes).sum::<usize>(),
        Value::Object(map) => map.values().map(nodes).sum(),
        _ => 0,
    }
}

/// Changes the node that is the `at`th of all.
fn change(choices: &mut Choices, value: &mut Value, at: &mut usize) -> bool {
    if *at == 0 {
        replace(choices, value);
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(list) => list.iter_mut().any(|inside| change(choices, inside, at)),
        Value::Object(map) => map.values_mut().any(|inside| change(choices, inside, at)),
        _ => false,
    }
}

fn replace(choices: &mut Choices, value: &mut Value) {
    match (choices.below(6), &mut *value) {
        (0, Value::Object(map)) => {
            let key = map.keys().nth(choices.below(map.len())).cloned();
            key.map(|key| map.remove(&key));
        }
        (1, Value::Object(map)) => {
            map.insert(choices.name(), small(choices, 2));
        }
        (0, Value::Array(list)) => list.truncate(choices.below(list.len() + 1)),
        (1, Value::Array(list)) => {
            let again = list.first().cloned().unwrap_or(Value::Null);
            list.extend(std::iter::repeat_n(again, choices.below(300)));
        }
        (2, Value::Number(number)) => {
            let changed = number.as_f64().unwrap_or(1.0) * choices.float();
            *value = json!(if changed.is_finite() { changed } else { 1e300 });
        }
        _ => *value = small(choices, 2),
    }
}

/// Any JSON of little depth, mostly a single value.
pub(crate) fn small(choices: &mut Choices, depth: usize) -> Value {
    match choices.below(if depth == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(choices.once_in(2)),
        2 | 3 => json!(choices.number()),
        4 => json!(-(choices.number() as f64)),
        5 => json!(choices.float()),
        6 => json!(choices.name()),
        7 => (0..choices.below(6)).map(|_| small(choices, depth - 1)).collect(),
        _ => {
            let pairs = (0..choices.below(4)).map(|_| (choices.name(), small(choices, depth - 1)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// Text in lines and cells with some of them changed.
pub(crate) fn table(choices: &mut Choices, text: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=choices.below(4) {
        if lines.is_empty() {
            break;
        }
        let at = choices.below(lines.len());
        match choices.below(5) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines.swap(at, 0),
            _ => lines[at] = cells(choices, &lines[at]),
        }
    }
    lines.join(*choices.pick(&["\n", "\r\n", "\n\n"]))
}

fn cells(choices: &mut Choices, line: &str) -> String {
    let separator = [',', '\t', ' ', ';', ':'].into_iter().find(|c| line.contains(*c));
    let separator = separator.unwrap_or(',').to_string();
    let mut cells: Vec<String> = line.split(&separator).map(str::to_owned).collect();
    let at = choices.below(cells.len());
    cells[at] = match choices.below(4) {
        0 => choices.name(),
        1 => choices.number().to_string(),
        2 => choices.float().to_string(),
        _ => String::new(),
    };
    cells.join(&separator)
}

/// Bytes with a few of them changed, cut, or numbers written over them.
pub(crate) fn bytes(choices: &mut Choices, mut bytes: Vec<u8>) -> Vec<u8> {
    for _ in 0..=choices.below(4) {
        if bytes.is_empty() {
            break;
        }
        let at = choices.below(bytes.len());
        match choices.below(4) {
            0 => bytes[at] = choices.below(256) as u8,
            1 => bytes.truncate(at),
            _ => {
                let number = choices.number().to_le_bytes();
                let width = *choices.pick(&[2, 4, 8]);
                let end = (at + width).min(bytes.len());
                bytes[at..end].copy_from_slice(&number[..end - at]);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_stays_json_and_differs_now_and_then() {
        let value = json!({"a": [1, 2, {"b": "text"}], "c": 0.5});
        let mut choices = Choices::of("mutation", 0);
        let changed = (0..200).filter(|_| json(&mut choices, &value) != value).count();
        assert!(changed > 150, "{changed}");
        let same = (0..200).filter(|_| table(&mut choices, "a,b\n1,2\n") == "a,b\n1,2").count();
        assert!(same < 100, "{same}");
        assert!((0..200).all(|_| bytes(&mut choices, vec![7; 9]).len() <= 9));
    }
}
