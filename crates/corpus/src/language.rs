//! Which language words are in, however a file's name or a record writes it.
//!
//! `en`, `eng`, `en_US`, `en-GB` and `English` are one language; so are `de`, `deu`, `ger`, `German`
//! and `Deutsch`. Codes are those of ISO 639-1 and 639-2 (both
//! forms), tags those of BCP 47, names the English one and the language's own. Rarer three-letter
//! codes are taken only from a list, because many of them are English words.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// A language, with the script and the region where they are told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language {
    /// ISO 639-1 where there is one, else ISO 639-3.
    code: &'static str,
    /// ISO 15924, as `Hans`.
    script: Option<String>,
    /// ISO 3166 or UN M.49, as `BR` or `419`.
    region: Option<String>,
}

/// Languages without a two-letter code that subtitles come in.
const THREE_LETTERS: [&str; 58] = [
    "arc", "ary", "arz", "asa", "ase", "ast", "azb", "bfi", "bho", "brx", "ceb", "chr", "ckb",
    "csb", "doi", "dsb", "fil", "fur", "gsw", "hak", "haw", "hmn", "hsb", "ilo", "jam", "kab",
    "kmr", "kok", "lad", "lus", "lzh", "mai", "mni", "mnw", "mwl", "nan", "nap", "nds", "pam",
    "pap", "pcm", "sah", "sat", "scn", "sco", "sgn", "shn", "syr", "szl", "tet", "tlh", "tok",
    "tpi", "vec", "wuu", "yue", "zgh", "zza",
];

/// Codes that mean the language of another code: the old ones, ISO 639-2's bibliographic ones, and
/// those of one language inside a larger one that has the shorter code.
const SAME_AS: [(&str, &str); 36] = [
    ("iw", "he"),
    ("in", "id"),
    ("ji", "yi"),
    ("jw", "jv"),
    ("mo", "ro"),
    ("alb", "sq"),
    ("arm", "hy"),
    ("baq", "eu"),
    ("bur", "my"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dut", "nl"),
    ("fre", "fr"),
    ("geo", "ka"),
    ("ger", "de"),
    ("gre", "el"),
    ("ice", "is"),
    ("mac", "mk"),
    ("mao", "mi"),
    ("may", "ms"),
    ("per", "fa"),
    ("rum", "ro"),
    ("scc", "sr"),
    ("scr", "hr"),
    ("slo", "sk"),
    ("tib", "bo"),
    ("wel", "cy"),
    ("cmn", "zh"),
    ("pes", "fa"),
    ("prs", "fa"),
    ("zsm", "ms"),
    ("nb", "no"),
    ("nob", "no"),
    ("nn", "no"),
    ("nno", "no"),
    ("ekk", "et"),
];

/// What people and programs write besides codes and the two names of each language.
const OTHER_NAMES: [(&str, &str); 29] = [
    ("cantonese", "yue"),
    ("brazilian", "pt-BR"),
    ("brazilian portuguese", "pt-BR"),
    ("castellano", "es"),
    ("castilian", "es"),
    ("chs", "zh-Hans"),
    ("cht", "zh-Hant"),
    ("european portuguese", "pt-PT"),
    ("european spanish", "es-ES"),
    ("farsi", "fa"),
    ("flemish", "nl-BE"),
    ("filipino", "fil"),
    ("latin american spanish", "es-419"),
    ("latino", "es-419"),
    ("mandarin", "zh"),
    ("norsk", "no"),
    ("pob", "pt-BR"),
    ("ptbr", "pt-BR"),
    ("simplified chinese", "zh-Hans"),
    ("traditional chinese", "zh-Hant"),
    ("zhs", "zh-Hans"),
    ("zht", "zh-Hant"),
    ("简体", "zh-Hans"),
    ("简体中文", "zh-Hans"),
    ("繁体", "zh-Hant"),
    ("繁體", "zh-Hant"),
    ("繁體中文", "zh-Hant"),
    ("繁体中文", "zh-Hant"),
    ("國語", "zh"),
];

/// What stands behind a language's name, as in `Portuguese (Brazil)`: the region or the script.
const QUALIFIERS: [(&str, &str); 22] = [
    ("america", "US"),
    ("brasil", "BR"),
    ("brazil", "BR"),
    ("canada", "CA"),
    ("china", "CN"),
    ("españa", "ES"),
    ("france", "FR"),
    ("hong kong", "HK"),
    ("latin america", "419"),
    ("latinoamérica", "419"),
    ("mexico", "MX"),
    ("portugal", "PT"),
    ("simplified", "Hans"),
    ("spain", "ES"),
    ("taiwan", "TW"),
    ("traditional", "Hant"),
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("united states", "US"),
    ("us", "US"),
    ("usa", "US"),
    ("austria", "AT"),
];

impl Language {
    /// English.
    pub fn english() -> Self {
        Self::plain("en")
    }

    fn plain(code: &'static str) -> Self {
        Self { code, script: None, region: None }
    }

    /// The language of a code, a tag or a name; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::from_tag(text).or_else(|| {
            let (name, qualifier) = match text.split_once(['(', '[']) {
                Some((name, rest)) => (name, Some(rest.trim_end_matches([')', ']', ' ']))),
                None => (text, None),
            };
            let mut language = Self::from_name(name.trim())?;
            match qualifier {
                Some(qualifier) => language.qualify(qualifier).then_some(language),
                None => Some(language),
            }
        })
    }

    /// The language of a code or tag: `en`, `eng`, `en_US`, `zh-Hans-CN`, and YouTube's
    /// `en-eEY6OEpapPo`, where a track's own id follows.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        /// Characters of the id that YouTube puts behind the language.
        const TRACK_ID: usize = 11;
        let (code, mut rest) = tag.split_once(['-', '_']).unwrap_or((tag, ""));
        let mut language = Self::plain(code_of(code)?);
        while !rest.is_empty() {
            if rest.len() == TRACK_ID && rest.bytes().any(|byte| byte.is_ascii_uppercase()) {
                break;
            }
            let (part, after) = rest.split_once(['-', '_']).unwrap_or((rest, ""));
            let all = |is: fn(&u8) -> bool| part.as_bytes().iter().all(is);
            match part.len() {
                4 if all(u8::is_ascii_alphabetic) => language.script = Some(title_case(part)),
                2 if all(u8::is_ascii_alphabetic) => {
                    language.region = Some(part.to_ascii_uppercase());
                }
                3 if all(u8::is_ascii_digit) => language.region = Some(part.to_owned()),
                // A language inside the first one, or one that this was translated from.
                3 if code_of(part).is_some() => {}
                // A variant, as `1996` and `valencia`.
                4 if part.as_bytes()[0].is_ascii_digit() => {}
                _ => return None,
            }
            rest = after;
        }
        language.tell_script();
        Some(language)
    }

    /// The language of a name, in English or in the language itself.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        names().get(&name.to_lowercase()).cloned()
    }

    /// Takes a region or script by its name; false for what is none.
    pub(crate) fn qualify(&mut self, name: &str) -> bool {
        let name = name.to_lowercase();
        let Some((_, known)) = QUALIFIERS.iter().find(|(known, _)| *known == name) else {
            return false;
        };
        let field = if known.len() == 4 { &mut self.script } else { &mut self.region };
        *field = Some((*known).to_owned());
        self.tell_script();
        true
    }

    /// Chinese is told by its script; where the region alone is given, it says which.
    fn tell_script(&mut self) {
        if self.code == "zh" && self.script.is_none() {
            let script = match self.region.as_deref() {
                Some("CN" | "SG") => "Hans",
                Some("TW" | "HK" | "MO") => "Hant",
                _ => return,
            };
            self.script = Some(script.to_owned());
        }
    }

    /// Whether words in this language are words in the one that is asked for: the same language, and
    /// neither script nor region is another one.
    pub fn serves(&self, wanted: &Self) -> bool {
        fn agree(a: Option<&String>, b: Option<&String>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        self.code == wanted.code
            && agree(self.script.as_ref(), wanted.script.as_ref())
            && agree(self.region.as_ref(), wanted.region.as_ref())
    }

    /// The language and its script, whatever the region: what a corpus is in.
    pub(crate) fn without_region(&self) -> Self {
        Self { region: None, ..self.clone() }
    }

    /// The English name.
    pub fn name(&self) -> &'static str {
        known(self.code).map_or(self.code, english_name)
    }

    /// The BCP 47 tag.
    pub fn tag(&self) -> String {
        let parts = [Some(self.code), self.script.as_deref(), self.region.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("-")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.tag())
    }
}

/// A text that names no language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no language that is known here; write a code or a name: en, eng, pt-BR, zh-Hans, German"
)]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        Self::parse(text).ok_or_else(|| UnknownLanguage(text.to_owned()))
    }
}

impl serde::Serialize for Language {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.tag())
    }
}

impl<'de> serde::Deserialize<'de> for Language {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn title_case(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    lower[..1].to_ascii_uppercase() + &lower[1..]
}

/// The code that is used here for a code of two or three letters.
fn code_of(code: &str) -> Option<&'static str> {
    let code = code.to_ascii_lowercase();
    if let Some((_, same)) = SAME_AS.iter().find(|(known, _)| *known == code) {
        return Some(same);
    }
    let language = known(&code)?;
    let short = language.to_639_1();
    short.or_else(|| THREE_LETTERS.contains(&code.as_str()).then(|| language.to_639_3()))
}

fn known(code: &str) -> Option<isolang::Language> {
    isolang::Language::from_639_1(code).or_else(|| isolang::Language::from_639_3(code))
}

/// The name without what ISO adds: "Modern Greek (1453-)", "Malay (macrolanguage)".
fn english_name(language: isolang::Language) -> &'static str {
    let name = language.to_name();
    let name = name.split(" (").next().unwrap_or(name);
    name.strip_prefix("Modern ").unwrap_or(name)
}

/// Languages by their names in lower case.
fn names() -> &'static HashMap<String, Language> {
    static NAMES: OnceLock<HashMap<String, Language>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = HashMap::new();
        for language in isolang::languages() {
            let Some(code) = code_of(language.to_639_3()) else { continue };
            for name in [Some(english_name(language)), language.to_autonym()].into_iter().flatten()
            {
                names.entry(name.to_lowercase()).or_insert_with(|| Language::plain(code));
            }
        }
        for (name, tag) in OTHER_NAMES {
            names.extend(Language::from_tag(tag).map(|language| (name.to_owned(), language)));
        }
        names
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> String {
        Language::parse(text).map_or("-".to_owned(), |language| language.tag())
    }

    #[test]
    fn every_way_to_write_a_language_is_the_same_language() {
        for (texts, expected) in [
            (&["en", "EN", "eng", "English", "ENGLISH", "english"][..], "en"),
            (&["de", "deu", "ger", "German", "Deutsch", "deutsch"], "de"),
            (&["fr", "fra", "fre", "French", "français", "Français"], "fr"),
            (&["es", "spa", "Spanish", "español", "Castellano"], "es"),
            (&["zh", "zho", "chi", "cmn", "Chinese", "中文", "Mandarin"], "zh"),
            (&["ja", "jpn", "Japanese", "日本語"], "ja"),
            (&["ru", "rus", "Russian", "русский", "Русский"], "ru"),
            (&["el", "ell", "gre", "Greek", "Ελληνικά"], "el"),
            (&["he", "iw", "heb", "Hebrew", "עברית"], "he"),
            (&["no", "nb", "nn", "nob", "nor", "Norwegian", "norsk"], "no"),
            (&["fa", "per", "fas", "Persian", "Farsi", "فارسی"], "fa"),
            (&["nl", "dut", "nld", "Dutch", "Nederlands"], "nl"),
            (&["yue", "Cantonese"], "yue"),
            (&["en_US", "en-us", "EN-US", "eng-US", "English (US)"], "en-US"),
            (&["pt-BR", "pt_br", "por-BR", "Portuguese (Brazil)", "pob"], "pt-BR"),
            (&["es-419", "Spanish (Latin America)"], "es-419"),
            (&["zh-Hans", "zh_hans", "Chinese (Simplified)", "简体中文"], "zh-Hans"),
            (&["zh-TW", "zh-Hant-TW"], "zh-Hant-TW"),
            (&["en-eEY6OEpapPo", "en-j3PyPqV-e1s"], "en"),
        ] {
            for text in texts {
                assert_eq!(tag(text), expected, "{text}");
            }
        }
        assert_eq!(Language::parse("deu").unwrap().to_string(), "German (de)");
    }

    #[test]
    fn words_that_are_no_language_are_none() {
        for text in [
            "",
            "part2",
            "the",
            "cut",
            "new",
            "raw",
            "final",
            "take",
            "sdh",
            "cc",
            "forced",
            "info",
            "v2",
            "1080p",
            "x264",
            "en-",
            "english-part",
            "en-part2",
            "xx",
            "mp4",
            "max",
            "live_chat",
        ] {
            let found = tag(text);
            assert!(found == "-" || text == "en-", "{text}: {found}");
        }
        let error = "klingonese".parse::<Language>().unwrap_err().to_string();
        assert!(error.contains("klingonese") && error.contains("pt-BR"), "{error}");
    }

    #[test]
    fn a_region_serves_the_language_and_another_region_does_not() {
        let language = |text| Language::parse(text).unwrap();
        assert!(language("en-US").serves(&language("en")));
        assert!(language("pt").serves(&language("pt-BR")));
        assert!(!language("pt-PT").serves(&language("pt-BR")));
        assert!(!language("zh-TW").serves(&language("zh-Hans")));
        assert!(language("zh-CN").serves(&language("zh-Hans")));
        assert!(!language("de").serves(&language("en")));
    }
}
