//! Where in the model a parameter stands: what may be left as it is, or learn more slowly, by name.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::weights::ParameterPath;

/// A part of the model that a parameter belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelPart {
    /// What makes tokens of patches or words. C3D is nothing else.
    Embedding(Tower),
    /// A block of a tower, from 0.
    Block(Tower, usize),
    /// What follows the last block: a layer norm, and CLIP's own projection.
    End(Tower),
    /// The head of a tower.
    Projection(Tower),
    /// The context-warping head.
    ContextWarp,
}

/// One of the two encoders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tower {
    /// Of videos.
    Video,
    /// Of texts.
    Text,
}

/// Parts of the model by a name: `video`, `video.embedding`, `video.blocks`, `video.blocks.3`,
/// `video.blocks.0..6` (0 to 5), `video.end`, the same with `text`; `video_projection`,
/// `text_projection`, `context_warp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NamedParts {
    /// Embedding, blocks and end of a tower.
    Tower(Tower),
    /// Its embedding.
    Embedding(Tower),
    /// Some of its blocks; [`None`]: all.
    Blocks(Tower, Option<Range<usize>>),
    /// Its end.
    End(Tower),
    /// Its head.
    Projection(Tower),
    /// The context-warping head.
    ContextWarp,
}

impl FromStr for NamedParts {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = match name {
            "video_projection" => Some(Self::Projection(Tower::Video)),
            "text_projection" => Some(Self::Projection(Tower::Text)),
            "context_warp" => Some(Self::ContextWarp),
            _ => match name.split_once('.').unwrap_or((name, "")) {
                ("video", inside) => Self::inside(Tower::Video, inside),
                ("text", inside) => Self::inside(Tower::Text, inside),
                _ => None,
            },
        };
        found.ok_or_else(|| unknown(name))
    }
}

impl NamedParts {
    /// What may stand behind `video` or `text`, as it is typed.
    const INSIDE: [&str; 4] = ["embedding", "blocks", "blocks.0..6", "end"];

    fn inside(tower: Tower, inside: &str) -> Option<Self> {
        match inside {
            "" => Some(Self::Tower(tower)),
            "embedding" => Some(Self::Embedding(tower)),
            "blocks" => Some(Self::Blocks(tower, None)),
            "end" => Some(Self::End(tower)),
            _ => {
                let blocks = inside.strip_prefix("blocks.")?;
                let range = match blocks.split_once("..") {
                    Some((first, end)) => first.parse().ok()?..end.parse().ok()?,
                    None => blocks.parse().ok().map(|block: usize| block..block + 1)?,
                };
                (!range.is_empty()).then_some(Self::Blocks(tower, Some(range)))
            }
        }
    }

    /// All names, with an example of blocks.
    fn all() -> Vec<String> {
        let towers = ["video", "text"].into_iter();
        let inside = towers.flat_map(|tower| {
            let inside = Self::INSIDE.iter().map(move |inside| format!("{tower}.{inside}"));
            std::iter::once(tower.to_owned()).chain(inside)
        });
        inside
            .chain(["video_projection", "text_projection", "context_warp"].map(str::to_owned))
            .collect()
    }

    /// Whether the part has this name.
    pub(crate) fn has(&self, part: ModelPart) -> bool {
        match (self, part) {
            (
                Self::Tower(own),
                ModelPart::Embedding(tower) | ModelPart::Block(tower, _) | ModelPart::End(tower),
            )
            | (Self::Embedding(own), ModelPart::Embedding(tower))
            | (Self::End(own), ModelPart::End(tower))
            | (Self::Projection(own), ModelPart::Projection(tower))
            | (Self::Blocks(own, None), ModelPart::Block(tower, _)) => *own == tower,
            (Self::Blocks(own, Some(range)), ModelPart::Block(tower, block)) => {
                *own == tower && range.contains(&block)
            }
            (Self::ContextWarp, ModelPart::ContextWarp) => true,
            _ => false,
        }
    }

    /// Blocks of the tower that the name asks for and a model of so many has not.
    pub(crate) fn missing(&self, num_blocks: impl Fn(Tower) -> usize) -> Option<(Tower, usize)> {
        match self {
            Self::Blocks(tower, Some(range)) => {
                let there = num_blocks(*tower);
                (range.end > there).then_some((*tower, there))
            }
            _ => None,
        }
    }
}

/// What is said of a name that is none.
fn unknown(name: &str) -> String {
    let all = NamedParts::all();
    let nearest = all
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    let nearest = nearest.expect("there are names");
    format!(
        "{name:?}, which no part of the model is called; did you mean {nearest:?}? There are {}",
        all.join(", ")
    )
}

impl fmt::Display for Tower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Text => "text",
        })
    }
}

/// How deep in a tower the first part lies that learns: the number of its block, 0 also for the embedding, and
/// the number of blocks where only the end or the head does; [`None`] where nothing does.
pub(crate) fn first_trained(
    encoder: &impl Module,
    head: Option<&impl Module>,
    num_blocks: usize,
) -> Option<usize> {
    let mut depths = Trained::default();
    encoder.visit(&mut depths);
    let depth = |name: &String| match in_tower(Tower::Video, name) {
        ModelPart::Embedding(_) => 0,
        ModelPart::Block(_, block) => block,
        _ => num_blocks,
    };
    let in_encoder = depths.names.iter().map(depth).min();
    let in_head = head.and_then(|head| {
        let mut trained = Trained::default();
        head.visit(&mut trained);
        (!trained.names.is_empty()).then_some(num_blocks)
    });
    in_encoder.into_iter().chain(in_head).min()
}

/// The part of a tower's parameter: what stands before its first block is the embedding.
pub(crate) fn in_tower(tower: Tower, name: &str) -> ModelPart {
    let names: Vec<&str> = name.split('.').collect();
    let block = names.windows(2).find_map(|pair| match pair {
        ["layer" | "layers", number] => number.parse().ok(),
        _ => None,
    });
    let is_embedding = |name: &&str| ["embeddings", "pre_layrnorm", "c3d"].contains(name);
    match block {
        Some(block) => ModelPart::Block(tower, block),
        None if names.iter().any(is_embedding) => ModelPart::Embedding(tower),
        None => ModelPart::End(tower),
    }
}

pub(crate) fn names(module: &impl Module) -> Vec<String> {
    let mut all = Names::default();
    module.visit(&mut all);
    all.names
}

#[derive(Default)]
struct Names {
    path: ParameterPath,
    names: Vec<String>,
}

impl ModuleVisitor for Names {
    fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
        self.names.push(self.path.name());
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }
}

/// The names of the parameters that learn.
#[derive(Default)]
struct Trained {
    path: ParameterPath,
    names: Vec<String>,
}

impl ModuleVisitor for Trained {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.val().is_require_grad() {
            self.names.push(self.path.name());
        }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_towers_blocks_and_heads() {
        let parsed = |name: &str| name.parse::<NamedParts>();
        assert_eq!(parsed("video"), Ok(NamedParts::Tower(Tower::Video)));
        assert_eq!(parsed("text.blocks"), Ok(NamedParts::Blocks(Tower::Text, None)));
        assert_eq!(parsed("video.blocks.0..6"), Ok(NamedParts::Blocks(Tower::Video, Some(0..6))));
        assert_eq!(parsed("video.blocks.3"), Ok(NamedParts::Blocks(Tower::Video, Some(3..4))));
        assert_eq!(parsed("context_warp"), Ok(NamedParts::ContextWarp));
        for wrong in
            ["", "vidoe", "video.block.1", "video.blocks.3..3", "video.blocks.-1", "video_"]
        {
            assert!(parsed(wrong).unwrap_err().contains("did you mean"), "{wrong}");
        }
        let told = parsed("vidoe.blocks").unwrap_err();
        assert!(told.contains("did you mean \"video.blocks\"?"), "{told}");
    }

    #[test]
    fn a_name_has_the_parts_that_it_says() {
        let block = |number| ModelPart::Block(Tower::Video, number);
        let some: NamedParts = "video.blocks.1..3".parse().unwrap();
        assert_eq!([0, 1, 2, 3].map(|number| some.has(block(number))), [false, true, true, false]);
        let all: NamedParts = "video".parse().unwrap();
        assert!(all.has(block(7)) && all.has(ModelPart::Embedding(Tower::Video)));
        assert!(
            !all.has(ModelPart::Projection(Tower::Video)) && !all.has(ModelPart::End(Tower::Text))
        );
    }
}
