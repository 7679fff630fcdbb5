//! The name of a parameter while a module is walked.

/// The dotted path to the parameter being visited.
///
/// A choice between encoders is an enum, and leaves no trace: neither the field that holds it nor
/// its variant is a part of a name, only what lies inside the variant. A recurrent layer's
/// parameters carry its number and direction at their end, as in PyTorch: `weight_ih_l0_reverse`. An
/// underscore at the end of a field stands where the name alone is a word of Rust: BERT's `self`.
#[derive(Clone, Debug, Default)]
pub struct ParameterPath {
    names: Vec<String>,
    containers: Vec<String>,
}

impl ParameterPath {
    /// To be called where the engine enters a module.
    pub fn enter(&mut self, name: &str, container: &str) {
        self.names.push(name.strip_suffix('_').unwrap_or(name).to_owned());
        self.containers.push(container.to_owned());
    }

    /// To be called where the engine leaves a module.
    pub fn exit(&mut self) {
        self.names.pop();
        self.containers.pop();
    }

    /// The parameter's name in files.
    pub fn name(&self) -> String {
        let mut shown: Vec<&str> = Vec::with_capacity(self.names.len());
        for (name, container) in self.names.iter().zip(&self.containers) {
            if container.starts_with("Enum:") {
                shown.pop();
            } else {
                shown.push(name);
            }
        }
        match (self.containers.last(), shown.as_slice()) {
            (Some(container), [outside @ .., _, number, direction, parameter])
                if container == "Struct:RecurrentDirection" =>
            {
                let end = if *direction == "reverse" { "_reverse" } else { "" };
                let parameter = format!("{parameter}_l{number}{end}");
                [outside, &[parameter.as_str()]].concat().join(".")
            }
            _ => shown.join("."),
        }
    }

    /// Whether the parameter is transposed between memory and file: a linear layer's matrix.
    pub fn is_transposed(&self) -> bool {
        let linear = ["Struct:Linear", "Struct:LinearWithoutBias"];
        self.containers.last().is_some_and(|container| linear.contains(&container.as_str()))
            && self.names.last().is_some_and(|name| name == "weight")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_between_encoders_leaves_no_trace_in_a_name() {
        let mut path = ParameterPath::default();
        for (name, container) in [
            ("video", "Struct:LocVtp"),
            ("TimeSformer", "Enum:VideoEncoder"),
            ("timesformer", "Struct:KeyedTimeSformer"),
            ("weight", "Struct:Linear"),
        ] {
            path.enter(name, container);
        }
        assert_eq!(path.name(), "timesformer.weight");
        assert!(path.is_transposed());
        path.exit();
        assert_eq!(path.name(), "timesformer");
        assert!(!path.is_transposed());
    }

    #[test]
    fn a_field_that_cannot_be_called_as_in_the_file_has_an_underscore() {
        let mut path = ParameterPath::default();
        for name in ["attention", "self_", "query"] {
            path.enter(name, "Struct:Attention");
        }
        assert_eq!(path.name(), "attention.self.query");
    }
}
