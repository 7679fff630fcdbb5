//! What training changes at random: one draw for all frames of all clips of a sample.
//!
//! One draw a sample, not a frame or a clip, because the temporal loss asks a clip to predict another
//! one of the same sample (paper: §A.2, which names flip, crop and colour jitter without their
//! strengths). A mirrored picture makes "left" untrue and shifted colours make "red" untrue; what is
//! done about it is a policy. Whether a sentence has such words is not this crate's to know: the
//! caller says so, and swaps the words where the draw asks for it.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::colour_jitter::{ColourJitter, ColourJitterStrength};
use crate::transform::{CropBox, RandomResizedCrop};

/// The generator's stream for mirrors: apart from those of sampling (0), crops (1) and jitter (2)
/// under the same seed.
const MIRROR_STREAM: u64 = 3;

/// How samples are changed. As text it is a table of these fields, where what is left out is off, or
/// the word `paper` for [`Augmentation::paper`].
#[derive(schemars::JsonSchema)]
#[schemars(default, deny_unknown_fields, transform = crate::augmentation_schema::or_its_name)]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Augmentation {
    /// A random crop, scaled to the model's size. Default: none.
    pub crop: Option<RandomResizedCrop>,
    /// Probability of mirroring left to right. Default 0.
    pub flip: f64,
    /// What mirroring does to samples whose sentence mentions sides. Default: they are not mirrored.
    pub sides: SidePolicy,
    /// Brightness, contrast, saturation and hue. Default: none.
    pub colour_jitter: Option<ColourJitterStrength>,
    /// What colour jitter does to samples whose sentence mentions colours. Default: they keep them.
    pub colours: ColourPolicy,
}

/// What mirroring does to samples whose sentence mentions sides.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SidePolicy {
    /// They are not mirrored.
    #[default]
    Skip,
    /// They are mirrored like all others, and the words stay, untrue or not.
    Keep,
    /// They are mirrored like all others, and left and right change places in the sentence.
    SwapWords,
}

/// What colour jitter does to samples whose sentence mentions colours. There is no swapping: a hue
/// turned by a little has no other name.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ColourPolicy {
    /// They keep their colours.
    #[default]
    Skip,
    /// They are changed like all others.
    Keep,
}

/// What the sentence of a sample speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Left, right, clockwise, ...
    pub sides: bool,
    /// Red, white, golden, ...
    pub colours: bool,
}

/// One draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AugmentationDraw {
    seed: u64,
    crop: Option<RandomResizedCrop>,
    /// Whether all frames are mirrored left to right.
    pub mirror: bool,
    /// To be applied to all pixels of the sample at once.
    pub jitter: ColourJitter,
    /// Whether the sentence's sides change places.
    pub swap_sides: bool,
}

impl AugmentationDraw {
    /// Changes nothing.
    pub const NONE: Self =
        Self { seed: 0, crop: None, mirror: false, jitter: ColourJitter::NONE, swap_sides: false };

    /// The box to cut out of pictures of this shown (width, height); none where nothing is cropped.
    pub fn crop(&self, picture: (u32, u32)) -> Option<CropBox> {
        self.crop.map(|crop| crop.draw(self.seed, picture))
    }

    /// Whether something is cropped.
    pub fn crops(&self) -> bool {
        self.crop.is_some()
    }
}

impl Augmentation {
    /// What `paper.md` recommends where the paper is silent (§A.2): area 0.5 to 1 and aspect ratio
    /// 3/4 to 4/3 of the picture, as Frozen in Time crops; half of the samples mirrored; brightness,
    /// contrast and saturation by up to 0.2, hue by up to 0.05. Sentences that mention sides or
    /// colours keep theirs.
    pub fn paper() -> Self {
        Self {
            crop: Some(RandomResizedCrop::default()),
            flip: 0.5,
            sides: SidePolicy::Skip,
            colour_jitter: Some(ColourJitterStrength::default()),
            colours: ColourPolicy::Skip,
        }
    }

    /// The draw of this seed.
    ///
    /// What a policy takes away changes nothing else of the draw: the crop of a seed is the same
    /// whatever the sentence says.
    pub fn draw(&self, seed: u64, mentions: Mentions) -> AugmentationDraw {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(MIRROR_STREAM);
        let may_mirror = !mentions.sides || self.sides != SidePolicy::Skip;
        let mirror = rng.random::<f64>() < self.flip && may_mirror;
        let swap_sides = mirror && mentions.sides && self.sides == SidePolicy::SwapWords;
        let stays = mentions.colours && self.colours == ColourPolicy::Skip;
        let strength = self.colour_jitter.as_ref().filter(|_| !stays);
        let jitter =
            strength.map_or(ColourJitter::NONE, |strength| ColourJitter::draw(seed, strength));
        AugmentationDraw { seed, crop: self.crop, mirror, jitter, swap_sides }
    }
}

impl<'de> Deserialize<'de> for Augmentation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableOrName;

        impl<'de> Visitor<'de> for TableOrName {
            type Value = Augmentation;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(
                    "\"paper\" or a table of `crop`, `flip`, `sides`, `colour_jitter`, `colours`",
                )
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Augmentation, E> {
                match name {
                    "paper" => Ok(Augmentation::paper()),
                    other => Err(E::unknown_variant(other, &["paper"])),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Augmentation, A::Error> {
                Table::deserialize(MapAccessDeserializer::new(map)).map(Augmentation::from)
            }
        }

        deserializer.deserialize_any(TableOrName)
    }
}

/// [`Augmentation`] as a table.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    crop: Option<RandomResizedCrop>,
    flip: f64,
    sides: SidePolicy,
    colour_jitter: Option<ColourJitterStrength>,
    colours: ColourPolicy,
}

impl From<Table> for Augmentation {
    fn from(Table { crop, flip, sides, colour_jitter, colours }: Table) -> Self {
        Self { crop, flip, sides, colour_jitter, colours }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: Mentions = Mentions { sides: true, colours: false };
    const COLOURS: Mentions = Mentions { sides: false, colours: true };

    fn all(sides: SidePolicy, colours: ColourPolicy) -> Augmentation {
        Augmentation { sides, colours, ..Augmentation::paper() }
    }

    fn draws(augmentation: &Augmentation, mentions: Mentions) -> Vec<AugmentationDraw> {
        (0..1000).map(|seed| augmentation.draw(seed, mentions)).collect()
    }

    #[test]
    fn a_sentence_without_such_words_is_drawn_alike_under_every_policy() {
        let plain = draws(&all(SidePolicy::Keep, ColourPolicy::Keep), Mentions::default());
        let mirrored = plain.iter().filter(|draw| draw.mirror).count();
        // 500 expected, standard deviation 16.
        assert!((420..580).contains(&mirrored), "{mirrored} of 1000 mirrored");
        for sides in [SidePolicy::Skip, SidePolicy::SwapWords] {
            let drawn = draws(&all(sides, ColourPolicy::Skip), Mentions::default());
            assert_eq!(drawn, plain);
        }
    }

    #[test]
    fn a_sentence_with_sides_is_not_mirrored_or_mirrored_with_its_words() {
        let kept = draws(&all(SidePolicy::Keep, ColourPolicy::Skip), SIDES);
        let skipped = draws(&all(SidePolicy::Skip, ColourPolicy::Skip), SIDES);
        let swapped = draws(&all(SidePolicy::SwapWords, ColourPolicy::Skip), SIDES);
        for ((kept, skipped), swapped) in kept.iter().zip(&skipped).zip(&swapped) {
            assert!(!skipped.mirror && !skipped.swap_sides && !kept.swap_sides);
            assert_eq!((swapped.mirror, swapped.swap_sides), (kept.mirror, kept.mirror));
            assert_eq!(skipped.crop((640, 360)), kept.crop((640, 360)));
        }
    }

    #[test]
    fn a_sentence_with_colours_keeps_them_unless_told_otherwise() {
        let jitters = |colours| draws(&all(SidePolicy::Skip, colours), COLOURS);
        assert!(jitters(ColourPolicy::Skip).iter().all(|draw| draw.jitter == ColourJitter::NONE));
        assert!(jitters(ColourPolicy::Keep).iter().all(|draw| draw.jitter != ColourJitter::NONE));
    }

    #[test]
    fn nothing_asked_for_is_nothing_changed() {
        for mentions in [Mentions::default(), SIDES, COLOURS] {
            let draw = Augmentation::default().draw(3, mentions);
            assert_eq!(AugmentationDraw { seed: 0, ..draw }, AugmentationDraw::NONE);
            assert_eq!(draw.crop((64, 48)), None);
        }
    }

    #[test]
    fn the_name_paper_stands_for_its_values_and_a_table_for_what_it_says() {
        let read = |text: &str| serde_json::from_str::<Augmentation>(text);
        assert_eq!(read("\"paper\"").unwrap(), Augmentation::paper());
        assert_eq!(read("{}").unwrap(), Augmentation::default());
        let written = serde_json::to_string(&Augmentation::paper()).unwrap();
        assert_eq!(read(&written).unwrap(), Augmentation::paper());
        let flip = read("{\"flip\": 0.25, \"sides\": \"swap_words\"}").unwrap();
        assert_eq!((flip.flip, flip.sides, flip.crop), (0.25, SidePolicy::SwapWords, None));
        let refused = |text| read(text).unwrap_err().to_string();
        assert!(refused("\"papre\"").contains("unknown variant `papre`, expected `paper`"));
        assert!(refused("{\"flipp\": 1.0}").contains("unknown field `flipp`"));
        assert!(refused("{\"sides\": \"off\"}").contains("`skip`"));
    }
}
