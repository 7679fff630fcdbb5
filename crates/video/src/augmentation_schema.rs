//! The schema of the section `augmentation`, which may be a word instead of a section.

use schemars::{Schema, json_schema};

/// The section, or the name of the one that has a name.
pub(crate) fn or_its_name(schema: &mut Schema) {
    let section = std::mem::take(schema);
    let description = section.get("description").cloned();
    *schema = json_schema!({
        "anyOf": [
            {
                "type": "string",
                "const": "paper",
                "description": "What the paper names: random crops, mirroring and other colours, \
                                each with its default strength; pictures whose sentence mentions \
                                sides are not mirrored, and colours not changed where it mentions \
                                them."
            },
            section
        ]
    });
    if let Some(description) = description {
        schema.insert("description".to_owned(), description);
    }
}
