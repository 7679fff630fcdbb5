//! In which language a corpus is read, when its words are there in several.
//!
//! The one that is asked for; else English; else the only one; else nobody can know, and what there is
//! is told. A corpus is read in one language: a vocabulary of two is what nobody wants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::CorpusError;
use crate::language::Language;
use locvtp_video::counted::counted;

/// In which languages the words of one video are there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Those that are told.
    pub(crate) languages: BTreeSet<Language>,
    /// Whether there are words whose language is not told.
    pub(crate) untold: bool,
}

/// The language that was chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LanguageChoice {
    /// None where no language is told anywhere.
    language: Option<Language>,
    /// Whether it was asked for, or is English: then words that are said to be in it go before words
    /// in a language that is not told.
    is_wanted: bool,
}

impl LanguageChoice {
    /// Chooses for the corpus at `path`.
    ///
    /// # Errors
    /// When the language that is `wanted` is not there, or none is wanted and there are several.
    pub(crate) fn of(
        path: &Path,
        wanted: Option<&Language>,
        offers: &[Offer],
    ) -> Result<Self, CorpusError> {
        let is_there = |language: &Language| {
            offers.iter().flat_map(|offer| &offer.languages).any(|told| told.serves(language))
        };
        let path = path.to_owned();
        if let Some(wanted) = wanted {
            let untold = offers.iter().any(|offer| offer.untold);
            let any = offers.iter().any(|offer| offer.untold || !offer.languages.is_empty());
            if any && !untold && !is_there(wanted) {
                let (wanted, found) = (wanted.to_string(), listed(offers));
                return Err(CorpusError::NoWordsInLanguage { path, wanted, found });
            }
            return Ok(Self::wanted(wanted.clone()));
        }
        if is_there(&Language::english()) {
            return Ok(Self::wanted(Language::english()));
        }
        // Where a language is not told the words are taken as they are.
        let in_need = offers.iter().filter(|offer| !offer.untold);
        let languages: BTreeSet<Language> =
            in_need.flat_map(|offer| &offer.languages).map(Language::without_region).collect();
        let mut languages = languages.into_iter();
        match (languages.next(), languages.next()) {
            (language, None) => Ok(Self { language, is_wanted: false }),
            (Some(first), Some(_)) => {
                let (found, example) = (listed(offers), first.tag());
                Err(CorpusError::WhichLanguage { path, found, example })
            }
            (None, Some(_)) => unreachable!("there is no second without a first"),
        }
    }

    /// The choice of the language that is asked for, whatever there is.
    pub(crate) fn wanted(language: Language) -> Self {
        Self { language: Some(language), is_wanted: true }
    }

    /// How well words in a language serve, the smaller the better; none where they do not.
    pub(crate) fn rank(&self, language: Option<&Language>) -> Option<LanguageRank> {
        let told_is = if self.is_wanted { Rank::First } else { Rank::Second };
        let untold_is = if self.is_wanted { Rank::Second } else { Rank::First };
        match (language, &self.language) {
            (None, _) => Some(LanguageRank { told: untold_is, is_region: false }),
            (Some(_), None) => None,
            (Some(language), Some(chosen)) => language
                .serves(chosen)
                .then(|| LanguageRank { told: told_is, is_region: language != chosen }),
        }
    }
}

/// How well words in a language serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LanguageRank {
    /// Whether the language is told or not, as is better.
    pub(crate) told: Rank,
    /// Whether it is the language of a region, where that was not asked for.
    pub(crate) is_region: bool,
}

/// The better of two, or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    First,
    Second,
}

/// What videos that were left out have, for people.
pub(crate) fn left_out(offers: &[Offer]) -> String {
    format!("left out for their language: {}; --language takes another one", listed(offers))
}

/// What there is: `German (de): 2 videos, French (fr): 1 video`.
pub(crate) fn listed(offers: &[Offer]) -> String {
    let mut counts: BTreeMap<Language, usize> = BTreeMap::new();
    for language in offers.iter().flat_map(|offer| &offer.languages) {
        *counts.entry(language.clone()).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let told =
        |(language, count): &(Language, usize)| format!("{language}: {}", counted(*count, "video"));
    counts.iter().map(told).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Languages of one video with spaces between; `?` where it is not told.
    fn offer(languages: &str) -> Offer {
        let mut offer = Offer::default();
        for word in languages.split(' ') {
            match Language::parse(word) {
                Some(language) => drop(offer.languages.insert(language)),
                None => offer.untold = true,
            }
        }
        offer
    }

    fn chosen(wanted: Option<&str>, offers: &[&str]) -> Result<String, String> {
        let offers: Vec<Offer> = offers.iter().map(|languages| offer(languages)).collect();
        let wanted = wanted.map(|wanted| wanted.parse().unwrap());
        match LanguageChoice::of(Path::new("my-videos"), wanted.as_ref(), &offers) {
            Ok(choice) => Ok(choice.language.map_or("?".into(), |language| language.tag())),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_is_asked_for_comes_first_then_english_then_the_only_one() {
        assert_eq!(chosen(None, &["de en-US", "de"]).unwrap(), "en");
        assert_eq!(chosen(Some("de"), &["de en", "en"]).unwrap(), "de");
        assert_eq!(chosen(None, &["de", "de-AT"]).unwrap(), "de");
        assert_eq!(chosen(None, &["?", "? de fr"]).unwrap(), "?");
        assert_eq!(chosen(None, &["?", "de"]).unwrap(), "de");
        assert_eq!(chosen(Some("de"), &["?"]).unwrap(), "de");
        assert_eq!(chosen(Some("de"), &[]).unwrap(), "de");
    }

    #[test]
    fn where_nobody_can_know_what_there_is_is_told_with_the_flag_to_type() {
        for offers in [&["de fr"][..], &["de", "fr"], &["zh-Hans", "zh-Hant zh-Hans"]] {
            let error = chosen(None, offers).unwrap_err();
            assert!(error.contains("--language ") && error.contains("my-videos"), "{error}");
        }
        let error = chosen(None, &["de", "de fr"]).unwrap_err();
        assert!(error.contains("German (de): 2 videos, French (fr): 1 video"), "{error}");
        let error = chosen(Some("pt-BR"), &["pt-PT en"]).unwrap_err();
        assert!(error.contains("(pt-BR)") && error.contains("English (en)"), "{error}");
    }

    #[test]
    fn words_that_are_said_to_be_in_the_language_go_before_untold_ones_unless_it_is_the_only_one() {
        let language = |tag: &str| Language::parse(tag).unwrap();
        let english = LanguageChoice { language: Some(Language::english()), is_wanted: true };
        let ordered = |choice: &LanguageChoice, tags: [&'static str; 4]| {
            let rank =
                |tag: &&'static str| Some((choice.rank(Language::parse(tag).as_ref())?, *tag));
            let mut ranked: Vec<_> = tags.iter().filter_map(rank).collect();
            ranked.sort();
            ranked.into_iter().map(|(_, tag)| tag).collect::<Vec<_>>()
        };
        assert_eq!(ordered(&english, ["?", "de", "en-US", "en"]), ["en", "en-US", "?"]);
        let only = LanguageChoice { language: Some(language("de")), is_wanted: false };
        assert_eq!(ordered(&only, ["fr", "de-AT", "de", "?"]), ["?", "de", "de-AT"]);
        assert_eq!(ordered(&LanguageChoice::default(), ["de", "fr", "en", "?"]), ["?"]);
    }
}
