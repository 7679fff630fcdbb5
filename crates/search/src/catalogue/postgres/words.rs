//! Words of cues and of questions, told apart as the catalogue in a folder does: by letters and digits,
//! whatever their case, and without the accents of Latin letters.

use unicode_normalization::char::decompose_canonical;

use crate::catalogue::phrases::phrases;

/// Bytes of a word, and of all words of a cue, that are looked at; the server takes no more.
const LONGEST: usize = 2000;
const MOST: usize = 400_000;

/// The words of a text in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut num_bytes) = (Vec::new(), String::new(), 0);
    for sign in text.chars().chain([' ']) {
        if sign.is_alphanumeric() {
            sign.to_lowercase().for_each(|sign| push_plain(&mut word, sign));
        } else if !is_accent(sign) && !word.is_empty() {
            word.truncate(word.floor_char_boundary(LONGEST));
            num_bytes += word.len();
            if num_bytes > MOST {
                break;
            }
            words.push(std::mem::take(&mut word));
        }
    }
    words
}

/// The phrases of a question, each as its words, and whether the last of them may go on.
pub(super) fn asked(text: &str) -> Vec<(Vec<String>, bool)> {
    let asked = phrases(text).map(|phrase| (words(phrase.text), phrase.goes_on));
    asked.filter(|(words, _)| !words.is_empty()).collect()
}

/// Words with their places, as the server reads them.
pub(super) fn document(words: &[String]) -> String {
    let placed = words.iter().enumerate().map(|(place, word)| format!("'{word}':{}", place + 1));
    placed.collect::<Vec<_>>().join(" ")
}

/// One phrase, as the server reads it.
pub(super) fn query(phrase: &[String], goes_on: bool) -> String {
    let words: Vec<String> = phrase.iter().map(|word| format!("'{word}'")).collect();
    format!("({}{})", words.join(" <-> "), if goes_on { ":*" } else { "" })
}

/// A Latin letter without its accents; any other sign as it is.
fn push_plain(word: &mut String, sign: char) {
    let mut base = None;
    decompose_canonical(sign, |part| base = base.or(Some(part)));
    match base.filter(char::is_ascii_alphabetic) {
        Some(letter) => word.push(letter),
        None if is_accent(sign) => {}
        None => word.push(sign),
    }
}

fn is_accent(sign: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_by_letters_whatever_their_case_and_latin_accents() {
        assert_eq!(
            words("Don't CAFÉ, cafe\u{301} no. 7!"),
            ["don", "t", "cafe", "cafe", "no", "7"]
        );
        // Letters of their own stay what they are.
        assert_eq!(words("Йод ß İz"), ["йод", "ß", "iz"]);
        assert_eq!(words(" ' \\ :* & \0"), [""; 0]);
        assert_eq!(words(&"x".repeat(5000))[0].len(), 2000);
        assert_eq!(words(&"é".repeat(5000))[0].len(), 2000);
        assert!(words(&"word ".repeat(200_000)).len() < 120_000);
        let phrase = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
        let wanted = [(phrase(&["don", "t"]), false), (phrase(&["stop"]), true)];
        assert_eq!(asked("don't  * stop*"), wanted);
        assert_eq!(document(&words("a b a")), "'a':1 'b':2 'a':3");
        assert_eq!(query(&words("don't"), false), "('don' <-> 't')");
        assert_eq!(query(&words("don't"), true), "('don' <-> 't':*)");
    }
}
