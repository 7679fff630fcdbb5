//! Learning a WordPiece vocabulary from the words of a corpus, the same on every run.
//!
//! The rule is the tokenizer library's own: start from single characters, join the most frequent
//! neighbours, repeat. Its trainer walks hash maps whose order changes from run to run and lets
//! that order number the characters and break ties; this one keeps everything in order. Of pairs
//! that are equally frequent, the one whose pieces are older (smaller ids) is joined first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a piece starts with that does not begin a word.
const CONTINUES: &str = "##";

/// Tokens in the order of their ids: `special`, then characters, then joined pieces.
///
/// At most `vocab_size`, unless the special tokens and characters alone are more.
pub(crate) fn learn(
    special: &[&str],
    words: &BTreeMap<String, u64>,
    vocab_size: usize,
) -> Vec<String> {
    let mut pieces = Pieces::default();
    for token in special {
        pieces.id((*token).to_owned());
    }
    let alphabet: BTreeSet<char> = words.keys().flat_map(|word| word.chars()).collect();
    let inside: BTreeSet<char> = words.keys().flat_map(|word| word.chars().skip(1)).collect();
    for character in alphabet {
        pieces.id(character.to_string());
    }
    for character in inside {
        pieces.id(format!("{CONTINUES}{character}"));
    }

    let mut corpus = Corpus::default();
    for (word, &count) in words {
        let ids = word.chars().enumerate().map(|(i, character)| {
            let prefix = if i == 0 { "" } else { CONTINUES };
            pieces.id(format!("{prefix}{character}"))
        });
        corpus.words.push((ids.collect(), count));
    }
    for word in 0..corpus.words.len() {
        corpus.count_pairs(word);
    }
    while pieces.texts.len() < vocab_size {
        let Some(pair) = corpus.most_frequent_pair() else { break };
        let second = &pieces.texts[pair.1];
        let second = second.strip_prefix(CONTINUES).unwrap_or(second);
        let joined = pieces.id(format!("{}{second}", pieces.texts[pair.0]));
        corpus.join(pair, joined);
    }
    pieces.texts
}

/// All pieces so far; an id is an index.
#[derive(Default)]
struct Pieces {
    texts: Vec<String>,
    ids: HashMap<String, usize>,
}

impl Pieces {
    /// The id of a piece, a new one where it is new.
    fn id(&mut self, text: String) -> usize {
        let next = self.texts.len();
        *self.ids.entry(text).or_insert_with_key(|text| {
            self.texts.push(text.clone());
            next
        })
    }
}

/// Two neighbouring pieces.
type Pair = (usize, usize);

/// The words cut into pieces, and where each pair stands.
#[derive(Default)]
struct Corpus {
    /// A word's pieces, and how often the word occurs.
    words: Vec<(Vec<usize>, u64)>,
    /// How often a pair occurs, and in which words (some may have lost it since).
    pairs: HashMap<Pair, (u64, BTreeSet<usize>)>,
}

impl Corpus {
    fn most_frequent_pair(&self) -> Option<Pair> {
        let key = |(pair, (count, _)): (&Pair, &(u64, _))| (*count, Reverse(*pair));
        let (count, Reverse(pair)) = self.pairs.iter().map(key).max()?;
        (count > 0).then_some(pair)
    }

    fn count_pairs(&mut self, word: usize) {
        let (pieces, count) = &self.words[word];
        for pair in pieces.windows(2) {
            let (total, places) = self.pairs.entry((pair[0], pair[1])).or_default();
            *total += count;
            places.insert(word);
        }
    }

    fn uncount_pairs(&mut self, word: usize) {
        let (pieces, count) = &self.words[word];
        for pair in pieces.windows(2) {
            if let Some((total, _)) = self.pairs.get_mut(&(pair[0], pair[1])) {
                *total -= count;
            }
        }
    }

    /// Replaces a pair by one piece everywhere, from left to right.
    fn join(&mut self, pair: Pair, joined: usize) {
        let places = self.pairs.get(&pair).map(|(_, places)| places.clone()).unwrap_or_default();
        for word in places {
            self.uncount_pairs(word);
            let pieces = &mut self.words[word].0;
            let mut i = 0;
            while i + 1 < pieces.len() {
                if (pieces[i], pieces[i + 1]) == pair {
                    pieces[i] = joined;
                    pieces.remove(i + 1);
                }
                i += 1;
            }
            self.count_pairs(word);
        }
        self.pairs.remove(&pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
        counts.iter().map(|(word, count)| ((*word).to_owned(), *count)).collect()
    }

    #[test]
    fn the_most_frequent_neighbours_are_joined_first() {
        // Pairs: a ##b 5 + 2, ##b ##c 5, b ##c 1; then ab ##c 5; then b ##c 1.
        let words = words(&[("abc", 5), ("ab", 2), ("bc", 1)]);
        let found = learn(&["[PAD]"], &words, 100);
        assert_eq!(found, ["[PAD]", "a", "b", "c", "##b", "##c", "ab", "abc", "bc"]);
        assert_eq!(learn(&["[PAD]"], &words, 7), found[..7]);
    }

    #[test]
    fn equally_frequent_pairs_are_joined_in_the_order_of_their_pieces() {
        let found = learn(&[], &words(&[("ba", 1), ("ab", 1)]), 100);
        assert_eq!(found, ["a", "b", "##a", "##b", "ab", "ba"]);
    }

    #[test]
    fn a_repeated_piece_is_joined_from_the_left() {
        // aaaa is a ##a ##a ##a; the pair ##a ##a counts twice: a ##aa ##a, then by age of pieces
        // a ##aa, then aaa ##a.
        let found = learn(&[], &words(&[("aaaa", 1)]), 100);
        assert_eq!(found, ["a", "##a", "##aa", "aaa", "aaaa"]);
    }

    #[test]
    fn every_word_is_one_piece_when_there_is_room() {
        let words = words(&[("square", 4), ("squares", 1), ("blue", 3), ("bluer", 1)]);
        let found = learn(&[], &words, 1000);
        assert!(words.keys().all(|word| found.contains(word)));
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len());
    }
}
