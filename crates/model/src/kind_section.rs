//! A section of settings whose `kind` says what it configures.
//!
//! serde's own tagged enums insist on the tag; here a section without one means the usual kind, so
//! that a file names only what it changes. Errors about the settings inside are those of the config
//! that reads them, with its list of known keys.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

/// The settings of a section, and its kind where it says one.
pub(crate) struct KindSection {
    /// The value of `kind`.
    pub(crate) kind: Option<String>,
    settings: BTreeMap<String, Setting>,
}

impl KindSection {
    /// The section as a config.
    ///
    /// # Errors
    /// As the config's own.
    pub(crate) fn read<T: DeserializeOwned, E: Error>(self) -> Result<T, E> {
        T::deserialize(MapDeserializer::new(self.settings.into_iter()))
    }
}

impl<'de> Deserialize<'de> for KindSection {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SectionVisitor)
    }
}

struct SectionVisitor;

impl<'de> Visitor<'de> for SectionVisitor {
    type Value = KindSection;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a section of settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KindSection, A::Error> {
        let mut section = KindSection { kind: None, settings: BTreeMap::new() };
        while let Some(key) = map.next_key::<String>()? {
            if key == "kind" {
                section.kind = Some(map.next_value()?);
            } else {
                section.settings.insert(key, map.next_value()?);
            }
        }
        Ok(section)
    }
}

/// The value of a setting: none of ours is a list or a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum Setting {
    Flag(bool),
    Whole(u64),
    Negative(i64),
    Number(f64),
    Text(String),
    /// Refused, after its key was found to be a known one.
    Other(IgnoredAny),
}

/// A setting on its way into a config.
struct SettingDeserializer<E> {
    setting: Setting,
    error: std::marker::PhantomData<E>,
}

impl<'de, E: Error> IntoDeserializer<'de, E> for Setting {
    type Deserializer = SettingDeserializer<E>;

    fn into_deserializer(self) -> Self::Deserializer {
        SettingDeserializer { setting: self, error: std::marker::PhantomData }
    }
}

impl<'de, E: Error> Deserializer<'de> for SettingDeserializer<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.setting {
            Setting::Flag(value) => visitor.visit_bool(value),
            Setting::Whole(value) => visitor.visit_u64(value),
            Setting::Negative(value) => visitor.visit_i64(value),
            Setting::Number(value) => visitor.visit_f64(value),
            Setting::Text(value) => visitor.visit_string(value),
            Setting::Other(_) => Err(E::custom("expected a number, a text, true or false")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        match self.setting {
            Setting::Text(text) => {
                let deserializer: StringDeserializer<E> = text.into_deserializer();
                deserializer.deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Lamp {
        watts: usize,
        warmth: f64,
        shade: Shade,
        depth: i64,
        lit: bool,
        name: Option<String>,
    }

    impl Default for Lamp {
        fn default() -> Self {
            Self { watts: 5, warmth: 0.5, shade: Shade::Paper, depth: 0, lit: false, name: None }
        }
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Shade {
        Paper,
        MilkGlass,
    }

    fn lamp(json: &str) -> Result<(Option<String>, Lamp), serde_json::Error> {
        let section: KindSection = serde_json::from_str(json)?;
        Ok((section.kind.clone(), section.read::<_, serde_json::Error>()?))
    }

    #[test]
    fn a_section_gives_its_kind_and_its_settings() {
        let json = r#"{ "watts": 7, "kind": "desk", "warmth": 1, "shade": "milk_glass",
                        "depth": -2, "lit": true, "name": "green" }"#;
        let name = Some("green".to_owned());
        let read =
            Lamp { watts: 7, warmth: 1.0, shade: Shade::MilkGlass, depth: -2, lit: true, name };
        assert_eq!(lamp(json).unwrap(), (Some("desk".into()), read));
        assert_eq!(lamp("{}").unwrap(), (None, Lamp::default()));
    }

    #[test]
    fn errors_name_the_key_and_what_is_known() {
        for (json, parts) in [
            (r#"{ "wats": 7 }"#, ["unknown field `wats`", "`watts`"]),
            (r#"{ "shade": "tin" }"#, ["unknown variant `tin`", "`milk_glass`"]),
            (r#"{ "watts": "many" }"#, ["invalid type: string \"many\"", "usize"]),
            (r#"{ "watts": -3 }"#, ["-3", "usize"]),
            (r#"{ "watts": [3] }"#, ["expected a number", "true or false"]),
            (r#"{ "wats": [3] }"#, ["unknown field `wats`", "`watts`"]),
            (r#"{ "kind": 3 }"#, ["integer `3`", "string"]),
        ] {
            let message = lamp(json).unwrap_err().to_string();
            assert!(parts.iter().all(|part| message.contains(part)), "{json}: {message}");
        }
    }
}
