//! Parts of a model that learn nothing.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use crate::ModelError;
use crate::locvtp::LocVtp;
use crate::model_part::{ModelPart, NamedParts, Tower, in_tower, names};
use crate::weights::ParameterPath;

impl LocVtp {
    /// The part of every parameter, by the parameter's name in files.
    pub fn parts(&self) -> BTreeMap<String, ModelPart> {
        let (video, text) = self.encoders();
        let mut parts: BTreeMap<_, _> = names(video)
            .into_iter()
            .map(|name| (name.clone(), in_tower(Tower::Video, &name)))
            .collect();
        let of_text = text.map(names).unwrap_or_default();
        parts.extend(of_text.into_iter().map(|name| (name.clone(), in_tower(Tower::Text, &name))));
        for name in names(self) {
            let head = match name.split_once('.').map(|(first, _)| first) {
                Some("video_projection") => ModelPart::Projection(Tower::Video),
                Some("text_projection") => ModelPart::Projection(Tower::Text),
                Some("context_warp") => ModelPart::ContextWarp,
                _ => continue,
            };
            parts.insert(name, head);
        }
        parts
    }

    /// Blocks of a tower.
    pub fn num_blocks(&self, tower: Tower) -> usize {
        let (video, text) = self.encoders();
        match tower {
            Tower::Video => video.tower().num_blocks(),
            Tower::Text => text.map_or(0, |text| text.tower().num_blocks()),
        }
    }

    /// The model with parameters of these parts that learn nothing and keep no graph.
    ///
    /// # Errors
    /// For a name that no part has, blocks that the model has not, and when nothing would be left to train.
    pub fn frozen(self, names: &[String]) -> Result<Self, ModelError> {
        if names.is_empty() {
            return Ok(self);
        }
        let setting = |found: String, expected| {
            Err(ModelError::Setting { key: "train.freeze".into(), found, expected })
        };
        let mut frozen = Vec::new();
        for name in names {
            match name.parse::<NamedParts>() {
                Ok(part) => frozen.push(part),
                Err(told) => return setting(told, "names of parts of the model"),
            }
        }
        for (name, part) in names.iter().zip(&frozen) {
            if let Some((tower, there)) = part.missing(|tower| self.num_blocks(tower)) {
                let found = format!("{name:?}, and the {tower} encoder has {there} blocks");
                return setting(found, "blocks that there are, counted from 0, the end left out");
            }
        }
        let parts = self.parts();
        for (name, named) in names.iter().zip(&frozen) {
            if !parts.values().any(|&part| named.has(part)) {
                return setting(
                    format!("{name:?}, which this model has no parameter of"),
                    "parts that it has",
                );
            }
        }
        let is_frozen = |name: &str| {
            parts.get(name).is_some_and(|&part| frozen.iter().any(|name| name.has(part)))
        };
        if parts.keys().all(|name| is_frozen(name)) {
            return setting(
                format!("all of the model ({})", names.join(", ")),
                "something to train",
            );
        }
        Ok(self.map(&mut Freeze { path: ParameterPath::default(), is_frozen: &is_frozen }))
    }
}

struct Freeze<'a> {
    path: ParameterPath,
    is_frozen: &'a dyn Fn(&str) -> bool,
}

impl ModuleMapper for Freeze<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if (self.is_frozen)(&self.path.name()) { param.set_require_grad(false) } else { param }
    }

    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.exit();
    }
}
