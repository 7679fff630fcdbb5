//! What is said of a key of a file of settings that cannot be read: which key, what was found, what may
//! stand there, and where more is told.

use serde_json::Value as Json;
use toml::{Table, Value};

use crate::known_keys::{known_keys, meant};
use crate::plain_words::{Complaint, OF_ANOTHER_KIND, SECTION, UnfitValue};
use crate::schema_forms::{FormTag, keys_with_schemas, required_keys, schema_forms};

/// What is wrong with a key.
pub(crate) struct KeyError<'a> {
    /// The key with its sections; that of the section where a key is missing.
    pub(crate) key: Vec<String>,
    fault: KeyFault,
    given: &'a Table,
    schema: &'a Json,
    known: Vec<String>,
}

enum KeyFault {
    /// Nobody reads the key; these stand in its section.
    Unknown(Vec<String>),
    /// A key of this name must be in the section.
    Missing(String),
    /// The value is of another kind.
    UnfitValue(UnfitValue),
    /// Something else, in the words of the settings.
    Other(String),
}

impl<'a> KeyError<'a> {
    /// What `error` says of `given`, whose schema is `schema`.
    pub(crate) fn of(error: &toml::de::Error, given: &'a Table, schema: &'a Json) -> Self {
        let known = known_keys(schema);
        let mut key = with_its_form(given, key_of(error));
        let fault = match Complaint::of(error.message()) {
            Some(Complaint::Unknown { key: unknown, known: beside }) => {
                let holds = |section: &Table| section.contains_key(unknown);
                key.extend(way_to(section_of(given, &key), &holds));
                key.push(unknown.to_owned());
                KeyFault::Unknown(beside.into_iter().map(str::to_owned).collect())
            }
            Some(Complaint::Missing { key: missing }) => {
                let lacks = |way: &[String]| {
                    let way = [&key[..], way, &[missing.to_owned()]].concat();
                    known.contains(&way.join(".")) && value_of(given, &way).is_none()
                };
                let way = ways(section_of(given, &key)).into_iter().find(|way| lacks(way));
                key.extend(way.unwrap_or_default());
                KeyFault::Missing(missing.to_owned())
            }
            Some(Complaint::UnfitValue(misfit)) => {
                key.extend(holder(given, &key, &misfit.found));
                // Some readers do not say what they found.
                let found = match value_of(given, &key) {
                    Some(value) if misfit.found == OF_ANOTHER_KIND && !value.is_table() => {
                        value.to_string()
                    }
                    _ => misfit.found,
                };
                KeyFault::UnfitValue(UnfitValue { found, ..misfit })
            }
            None => KeyFault::Other(error.message().trim_end().to_owned()),
        };
        Self { key, fault, given, schema, known }
    }

    /// What may stand there, where a value does not fit.
    pub(crate) fn expected(&mut self) -> Option<&mut String> {
        match &mut self.fault {
            KeyFault::UnfitValue(misfit) => Some(&mut misfit.expected),
            _ => None,
        }
    }

    pub(crate) fn told(&self) -> String {
        let key = self.key.join(".");
        let (said, explained) = match &self.fault {
            KeyFault::Unknown(beside) => self.unknown(&key, beside),
            KeyFault::Missing(name) => {
                let missing = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                (format!("`{missing}` is missing; give it"), missing)
            }
            KeyFault::UnfitValue(misfit) => (self.unfit(&key, misfit), key),
            KeyFault::Other(said) if key.is_empty() => (said.clone(), key),
            KeyFault::Other(said) => (format!("`{key}`: {said}"), key),
        };
        match self.explained(&explained) {
            "" => format!("{said} (locvtp explain lists all keys)"),
            key => format!("{said} (locvtp explain {key} tells more)"),
        }
    }

    /// The key, or the first of the sections around it that is known.
    fn explained<'b>(&self, key: &'b str) -> &'b str {
        let mut key = key;
        while !key.is_empty() && !self.known.iter().any(|known| known == key) {
            key = section(key);
        }
        key
    }

    /// What is said of a key that nobody reads, and which key tells more.
    fn unknown(&self, key: &str, beside: &[String]) -> (String, String) {
        let around = section(key);
        let kinds = self.kinds_with(key);
        if let (true, Some(own)) = (!kinds.is_empty(), self.own_kind()) {
            let said = format!(
                "`{key}` is a key of {}, and here stands {own}, whose keys are {}",
                kinds.join(" or "),
                beside.join(", ")
            );
            return (said, key.to_owned());
        }
        // Of its section, those keys that stand in a section of this kind.
        let could_stand = |known: &&String| {
            let name = known.rsplit('.').next().unwrap_or(known);
            section(known) != around || beside.iter().any(|key| key == name) || self.is_tag(known)
        };
        let known: Vec<String> = self.known.iter().filter(could_stand).cloned().collect();
        let said = format!("`{key}` is not a known key");
        let meant = meant(key, &known);
        if let Some(first) = meant.first() {
            let names: Vec<_> = meant.iter().map(|key| format!("`{key}`")).collect();
            (format!("{said}; did you mean {}?", names.join(" or ")), (*first).to_owned())
        } else if beside.is_empty() {
            (said, around.to_owned())
        } else {
            let place = match around {
                "" => "sections are".to_owned(),
                section => format!("those of {section} are"),
            };
            (format!("{said}; {place} {}", beside.join(", ")), around.to_owned())
        }
    }

    fn unfit(&self, key: &str, UnfitValue { found, expected }: &UnfitValue) -> String {
        if found == SECTION
            && let Some(inner) = value_of(self.given, &self.key).and_then(Value::as_table)
            && let Some((name, _)) = inner.iter().next()
        {
            return format!("`{key}` is no section and has no key `{name}`; expected {expected}");
        }
        let expected = match self.list_length() {
            Some(length) if found.starts_with("a list of ") => &format!("a list of {length}"),
            _ => expected,
        };
        let example = match expected.as_str() {
            "a text in quotes" => format!(", as {key}=\"{found}\""),
            SECTION => match self.example(found) {
                Some(example) => format!(", as {key}={example}"),
                None => String::new(),
            },
            _ => String::new(),
        };
        format!("`{key}` is {found}; expected {expected}{example}")
    }

    /// How long the list that may stand there is.
    fn list_length(&self) -> Option<u64> {
        let schemas = schemas_at(self.schema, &self.key);
        schemas.iter().find_map(|schema| schema["maxItems"].as_u64())
    }

    /// The kinds of its section that the key `key` stands in, as `kind = "clip"`; none where the section is of
    /// one kind.
    fn kinds_with(&self, key: &str) -> Vec<String> {
        let name = key.rsplit('.').next().unwrap_or(key);
        let forms = self.forms_around();
        let with = forms.iter().filter(|form| form["properties"].get(name).is_some());
        with.filter_map(|form| FormTag::of(form)).map(|tag| told(&tag)).collect()
    }

    /// The kind that its section is of.
    fn own_kind(&self) -> Option<String> {
        let (_, around) = self.key.split_last()?;
        let section = section_of(self.given, around);
        let forms = self.forms_around();
        let tags = || forms.iter().filter_map(|form| FormTag::of(form));
        let given = tags().find(|tag| {
            let value = section.and_then(|section| section.get(tag.key)?.as_str());
            value == Some(tag.value)
        });
        given.or_else(|| tags().find(|tag| !tag.is_required)).map(|tag| told(&tag))
    }

    /// The forms that the section of the key may have.
    fn forms_around(&self) -> Vec<&Json> {
        let around = self.key.split_last().map_or(&[][..], |(_, around)| around);
        schemas_at(self.schema, around).into_iter().flat_map(schema_forms).collect()
    }

    /// Whether the key says of which kind its section is.
    fn is_tag(&self, key: &str) -> bool {
        let way: Vec<String> = key.split('.').map(str::to_owned).collect();
        schemas_at(self.schema, &way).iter().any(|schema| schema.get("const").is_some())
    }

    /// A section that could stand in the place of the text `found`: the form of that name, else the
    /// first one.
    fn example(&self, found: &str) -> Option<String> {
        let schemas = schemas_at(self.schema, &self.key);
        let forms = || schemas.iter().copied().flat_map(schema_forms).filter(|form| has_keys(form));
        let is_called = |form: &&Json| {
            let name = match FormTag::of(form) {
                Some(tag) => Some(tag.value),
                None => form["properties"]
                    .as_object()
                    .and_then(|keys| Some(keys.keys().next()?.as_str())),
            };
            name.is_some_and(|name| found.trim_matches('"') == name)
        };
        Some(section_like(forms().find(is_called).or_else(|| forms().next())?))
    }
}

/// `kind = "clip"`
fn told(tag: &FormTag<'_>) -> String {
    format!("{} = \"{}\"", tag.key, tag.value)
}

/// What stands before the last dot.
fn section(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(section, _)| section)
}

fn has_keys(schema: &Json) -> bool {
    schema["properties"].as_object().is_some_and(|keys| !keys.is_empty())
}

/// The schemas of a key, in all forms of the sections around it.
fn schemas_at<'a>(schema: &'a Json, key: &[String]) -> Vec<&'a Json> {
    let mut at = vec![schema];
    for part in key {
        let inside = at.into_iter().flat_map(keys_with_schemas);
        at = inside.filter(|(name, _)| name == part).map(|(_, schema)| schema).collect();
    }
    at
}

/// A section with the keys that it must have, as a file has it.
fn section_like(schema: &Json) -> String {
    let keys = schema["properties"].as_object().into_iter().flatten();
    let needed = keys.filter(|(key, _)| required_keys(schema).any(|name| name == *key));
    let keys: Vec<String> =
        needed.map(|(key, schema)| format!("{key} = {}", value_like(schema))).collect();
    format!("{{ {} }}", keys.join(", "))
}

/// A value that could stand there.
fn value_like(schema: &Json) -> String {
    let said = [&schema["const"], &schema["examples"][0], &schema["default"]];
    let said = said.into_iter().find(|value| !value.is_null());
    if let Some(value) = said.and_then(|value| Value::try_from(value).ok()) {
        return value.to_string();
    }
    match schema["type"].as_str() {
        Some("integer") => "1".to_owned(),
        Some("number") => "0.5".to_owned(),
        Some("boolean") => "true".to_owned(),
        Some("array") => "[1.0]".to_owned(),
        Some("string") => "\"..\"".to_owned(),
        _ => section_like(schema),
    }
}

/// The key that an error of the TOML reader is about: it stands behind the message, as ``in `a.b` ``.
fn key_of(error: &toml::de::Error) -> Vec<String> {
    let text = error.to_string();
    let key =
        text.lines().filter_map(|line| line.strip_prefix("in `")?.strip_suffix('`')).next_back();
    key.map_or_else(Vec::new, |key| key.split('.').map(str::to_owned).collect())
}

/// The key as it is given: readers of a section whose form is told by its only key leave that key out.
fn with_its_form(given: &Table, key: Vec<String>) -> Vec<String> {
    let Some((name, around)) = key.split_last() else { return key };
    let section = section_of(given, around);
    let holds = |section: &Table| section.contains_key(name);
    let way = way_to(section, &holds);
    [around, &way, std::slice::from_ref(name)].concat()
}

/// The value of a key.
fn value_of<'a>(given: &'a Table, key: &[String]) -> Option<&'a Value> {
    let (last, sections) = key.split_last()?;
    section_of(given, sections)?.get(last)
}

fn section_of<'a>(given: &'a Table, key: &[String]) -> Option<&'a Table> {
    key.iter().try_fold(given, |section, part| section.get(part)?.as_table())
}

/// The ways from `section` to itself and to the sections in it, the shortest first. Readers of some
/// sections leave out the sections inside.
fn ways(section: Option<&Table>) -> Vec<Vec<String>> {
    let Some(section) = section else { return Vec::new() };
    let mut found = vec![(Vec::new(), section)];
    let mut next = 0;
    while let Some((way, section)) = found.get(next).cloned() {
        found.extend(section.iter().filter_map(|(key, inner)| {
            let way = [&way[..], std::slice::from_ref(key)].concat();
            Some((way, inner.as_table()?))
        }));
        next += 1;
    }
    found.into_iter().map(|(way, _)| way).collect()
}

/// The way from `section` to the first section, itself included, that is meant.
fn way_to(section: Option<&Table>, is_meant: &dyn Fn(&Table) -> bool) -> Vec<String> {
    let meant = |way: &Vec<String>| {
        section.and_then(|section| section_of(section, way)).is_some_and(is_meant)
    };
    ways(section).into_iter().find(meant).unwrap_or_default()
}

/// The one key in the section `section`, or in the sections in it, whose value is `found`: sections that
/// are read by their kind do not say which of their keys they refuse.
fn holder(given: &Table, section: &[String], found: &str) -> Vec<String> {
    let section = section_of(given, section);
    for way in ways(section) {
        let inner = section.and_then(|section| section_of(section, &way));
        let values = inner.into_iter().flatten();
        let mut holders = values.filter(|(_, value)| value.to_string() == found);
        match (holders.next(), holders.next()) {
            (None, _) => {}
            (Some((key, _)), None) => return [&way[..], std::slice::from_ref(key)].concat(),
            _ => break,
        }
    }
    Vec::new()
}
