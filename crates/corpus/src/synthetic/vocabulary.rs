//! Colours, shapes and actions, and the words narration and queries have for them.
//!
//! The first word of each list is its name and stands in queries; narration uses all of them. No
//! word serves two things. The lists are ordered so that any number taken from the front is easy to
//! tell apart.

/// A colour and its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Colour {
    pub(crate) words: &'static [&'static str],
    /// Red, green, blue, 0..=255.
    pub(crate) rgb: [f32; 3],
}

/// All colours.
pub(crate) const COLOURS: [Colour; 8] = [
    Colour { words: &["red", "crimson"], rgb: [225.0, 40.0, 40.0] },
    Colour { words: &["green"], rgb: [40.0, 190.0, 70.0] },
    Colour { words: &["blue", "navy"], rgb: [50.0, 90.0, 250.0] },
    Colour { words: &["yellow", "golden"], rgb: [245.0, 220.0, 50.0] },
    Colour { words: &["purple", "violet"], rgb: [185.0, 60.0, 215.0] },
    Colour { words: &["white"], rgb: [245.0, 245.0, 245.0] },
    Colour { words: &["orange"], rgb: [250.0, 135.0, 30.0] },
    Colour { words: &["cyan", "turquoise"], rgb: [50.0, 215.0, 225.0] },
];

/// A shape and its words. How it looks stands in `shape`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Square,
    Triangle,
    Ring,
    Cross,
    Disc,
    Bar,
}

/// All shapes.
pub(crate) const SHAPES: [Shape; 6] =
    [Shape::Square, Shape::Triangle, Shape::Ring, Shape::Cross, Shape::Disc, Shape::Bar];

impl Shape {
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Square => &["square", "box"],
            Self::Triangle => &["triangle"],
            Self::Ring => &["ring", "circle"],
            Self::Cross => &["cross", "plus"],
            Self::Disc => &["disc", "ball"],
            Self::Bar => &["bar", "stick"],
        }
    }
}

/// What an object does, over and over while its event lasts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Moves left, leaving on one side and returning on the other.
    Left,
    /// The same to the right: `left` played backwards.
    Right,
    /// Moves up, leaving at the top and returning at the bottom.
    Up,
    /// `up` played backwards.
    Down,
    /// Grows, then starts small again.
    Grow,
    /// `grow` played backwards.
    Shrink,
    /// Fades in, then is gone at once.
    Appear,
    /// `appear` played backwards.
    Disappear,
    /// Turns about its centre, either way.
    Spin,
    /// Is there and is not, several times a second, without fading.
    Blink,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 10] = [
        Self::Left,
        Self::Right,
        Self::Up,
        Self::Down,
        Self::Grow,
        Self::Shrink,
        Self::Appear,
        Self::Disappear,
        Self::Spin,
        Self::Blink,
    ];

    /// The name in files and settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Up => "up",
            Self::Down => "down",
            Self::Grow => "grow",
            Self::Shrink => "shrink",
            Self::Appear => "appear",
            Self::Disappear => "disappear",
            Self::Spin => "spin",
            Self::Blink => "blink",
        }
    }

    /// Ways to say it after a subject; the first is the one of queries.
    pub(crate) fn phrases(self) -> &'static [&'static str] {
        match self {
            Self::Left => &["moves left", "slides to the left", "goes leftwards"],
            Self::Right => &["moves right", "slides to the right", "goes rightwards"],
            Self::Up => &["moves up", "rises to the top", "goes upwards"],
            Self::Down => &["moves down", "sinks to the bottom", "goes downwards"],
            Self::Grow => &["grows", "gets bigger", "becomes larger"],
            Self::Shrink => &["shrinks", "gets smaller", "becomes tiny"],
            Self::Appear => &["appears", "fades in", "comes into view"],
            Self::Disappear => &["disappears", "fades out", "vanishes from view"],
            Self::Spin => &["spins", "rotates", "turns around"],
            Self::Blink => &["blinks", "flashes", "flickers"],
        }
    }
}

/// The names that indices in a [`Truth`](super::Truth) stand for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Colour names.
    pub colours: Vec<String>,
    /// Shape names.
    pub shapes: Vec<String>,
    /// Actions and how a query says them.
    pub actions: Vec<ActionWords>,
}

/// An action's name and its canonical wording.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionWords {
    /// Name, as in [`Action::name`].
    pub name: String,
    /// What follows the subject in a query, as in "moves left".
    pub fragment: String,
}

impl Vocabulary {
    /// The first `num_colours` colours, the first `num_shapes` shapes, and `actions` in their
    /// order.
    pub(crate) fn new(num_colours: usize, num_shapes: usize, actions: &[Action]) -> Self {
        let name = |words: &[&str]| words[0].to_owned();
        Self {
            colours: COLOURS[..num_colours].iter().map(|colour| name(colour.words)).collect(),
            shapes: SHAPES[..num_shapes].iter().map(|shape| name(shape.words())).collect(),
            actions: actions
                .iter()
                .map(|action| ActionWords {
                    name: action.name().to_owned(),
                    fragment: name(action.phrases()),
                })
                .collect(),
        }
    }

    /// The query for one event, as in "a red square moves left".
    ///
    /// # Panics
    /// When an index is out of range.
    pub fn sentence(&self, colour: usize, shape: usize, action: usize) -> String {
        let (colour, shape) = (&self.colours[colour], &self.shapes[shape]);
        // No name begins with a silent h or the like; the first letter decides.
        let article = if colour.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {colour} {shape} {}", self.actions[action].fragment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_word_or_phrase_serves_two_things() {
        let all: Vec<&str> = COLOURS
            .iter()
            .flat_map(|colour| colour.words)
            .chain(SHAPES.iter().flat_map(|shape| shape.words()))
            .chain(Action::ALL.iter().flat_map(|action| action.phrases()))
            .copied()
            .collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn a_query_reads_like_a_sentence() {
        let vocabulary = Vocabulary::new(8, 6, &Action::ALL);
        assert_eq!(vocabulary.sentence(0, 0, 0), "a red square moves left");
        assert_eq!(vocabulary.sentence(6, 5, 8), "an orange bar spins");
    }
}
