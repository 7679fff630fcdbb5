//! Words that a changed picture makes untrue: sides, when it is mirrored, and colours, when they are
//! shifted.
//!
//! English words only, found by the letters between other characters, whatever their case. *Right*
//! and *left* often mean no side ("right now", "what's left"): asking whether a text mentions sides
//! counts every such word, which is the safe answer, while swapping leaves the commonest other uses
//! alone.

/// Words that change places in a mirror.
const SIDES: [(&str, &str); 9] = [
    ("left", "right"),
    ("lefts", "rights"),
    ("leftmost", "rightmost"),
    ("lefthand", "righthand"),
    ("leftward", "rightward"),
    ("leftwards", "rightwards"),
    ("leftside", "rightside"),
    ("clockwise", "counterclockwise"),
    ("clockwise", "anticlockwise"),
];

/// "right" before these is no side.
const AFTER_RIGHT: [&str; 8] = ["now", "away", "here", "there", "after", "before", "then", "about"];

/// "right" and "left" after these are no side.
const BEFORE_RIGHT: [&str; 3] = ["all", "that's", "alright"];
const BEFORE_LEFT: [&str; 4] = ["is", "are", "what's", "have"];

const COLOURS: [&str; 34] = [
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "violet",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
    "gray",
    "gold",
    "golden",
    "silver",
    "cyan",
    "magenta",
    "turquoise",
    "beige",
    "crimson",
    "scarlet",
    "maroon",
    "teal",
    "navy",
    "lilac",
    "indigo",
    "reddish",
    "greenish",
    "bluish",
    "yellowish",
    "brownish",
    "pinkish",
    "orangey",
];

/// Whether the text has a word for a side or a sense of turning.
///
/// ```
/// use locvtp_corpus::wording::mentions_sides;
/// assert!(mentions_sides("Turn it clockwise, then to the LEFT."));
/// assert!(!mentions_sides("copyright and leftovers"));
/// ```
pub fn mentions_sides(text: &str) -> bool {
    words(text).any(|(_, word)| other_side(&word.to_lowercase()).is_some())
}

/// Whether the text has a word for a colour.
///
/// ```
/// use locvtp_corpus::wording::mentions_colours;
/// assert!(mentions_colours("Fry until it is Golden-brown."));
/// assert!(!mentions_colours("a reduced sauce"));
/// ```
pub fn mentions_colours(text: &str) -> bool {
    words(text).any(|(_, word)| COLOURS.contains(&word.to_lowercase().as_str()))
}

/// The text as it is true of the mirrored picture: left and right change places, and with them the
/// senses of turning. Everything else stays, letter for letter; each word keeps its capitals.
///
/// ```
/// use locvtp_corpus::wording::swap_sides;
/// assert_eq!(swap_sides("Left hand first, right now."), "Right hand first, right now.");
/// ```
pub fn swap_sides(text: &str) -> String {
    let found: Vec<(usize, &str)> = words(text).collect();
    let mut swapped = String::with_capacity(text.len());
    let mut copied = 0;
    for (i, (start, word)) in found.iter().enumerate() {
        let lower = word.to_lowercase();
        let Some(other) = other_side(&lower) else { continue };
        let neighbour = |i: Option<usize>| {
            i.and_then(|i| found.get(i)).map(|(_, word)| word.to_lowercase()).unwrap_or_default()
        };
        let (before, after) = (neighbour(i.checked_sub(1)), neighbour(Some(i + 1)));
        let is_no_side = match lower.as_str() {
            "right" => {
                AFTER_RIGHT.contains(&after.as_str()) || BEFORE_RIGHT.contains(&before.as_str())
            }
            "left" => BEFORE_LEFT.contains(&before.as_str()),
            _ => false,
        };
        if is_no_side {
            continue;
        }
        swapped.push_str(&text[copied..*start]);
        swapped.push_str(&in_the_case_of(word, other));
        copied = start + word.len();
    }
    swapped.push_str(&text[copied..]);
    swapped
}

fn other_side(word: &str) -> Option<&'static str> {
    let pair = SIDES.iter().find(|(a, b)| *a == word || *b == word);
    pair.map(|(a, b)| if *a == word { *b } else { *a })
}

/// Words with where they start: letters, and apostrophes between them.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split(|c: char| !c.is_alphabetic() && c != '\'')
        .map(|piece| piece.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(|word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

fn in_the_case_of(model: &str, word: &str) -> String {
    let capitals = model.chars().filter(|c| c.is_uppercase()).count();
    if capitals == model.chars().count() {
        return word.to_uppercase();
    }
    let mut letters = word.chars();
    match letters.next().filter(|_| model.starts_with(char::is_uppercase)) {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_change_places_and_nothing_else_does() {
        for (text, mirrored) in [
            ("a red square moves to the left", "a red square moves to the right"),
            ("RIGHT-hand side, then Left.", "LEFT-hand side, then Right."),
            ("from left to right", "from right to left"),
            ("turn clockwise", "turn counterclockwise"),
            ("turn anticlockwise", "turn clockwise"),
            ("the leftmost of the two", "the rightmost of the two"),
            ("copyright, leftovers, bright", "copyright, leftovers, bright"),
            ("all right, right now what's left", "all right, right now what's left"),
            ("", ""),
            ("häng’ es links", "häng’ es links"),
        ] {
            assert_eq!(swap_sides(text), mirrored);
        }
    }

    #[test]
    fn a_mirror_of_a_mirror_is_the_text() {
        for text in ["Left, right; LEFT!", "two rights make no left", "the rightmost 'left' one"] {
            assert_eq!(swap_sides(&swap_sides(text)), text);
            assert!(mentions_sides(text));
        }
    }

    #[test]
    fn asking_is_careful_where_swapping_leaves_alone() {
        assert!(mentions_sides("right now"));
        assert_eq!(swap_sides("right now"), "right now");
        assert!(!mentions_sides("the copyright") && !mentions_colours("hundred credits"));
        assert!(mentions_colours("RED pepper") && mentions_colours("it turns brownish"));
    }
}
