//! A headline number: large, with what chance and other references reach right beside it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::drawing::{escaped, number};
use crate::error::{ReportError, finite};

/// One card on top of the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headline {
    /// What was measured, e.g. "Grounding, mIoU".
    pub label: String,
    /// On what, e.g. "new videos, seen combinations".
    pub context: String,
    /// The number.
    pub value: f64,
    /// Its unit, e.g. "%".
    pub unit: String,
    /// Digits after the point.
    pub decimals: usize,
    /// Value at the right end of the card's bar, e.g. 100.
    pub full_scale: f64,
    /// What it must be held against; the first is chance.
    pub references: Vec<HeadlineReference>,
}

/// A number to hold a headline against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadlineReference {
    /// E.g. "chance" or "knowing colour only".
    pub label: String,
    /// In the headline's unit.
    pub value: f64,
}

impl Headline {
    /// The card as HTML.
    pub(crate) fn html(&self) -> Result<String, ReportError> {
        let check = |what: &str, value| finite(&self.label, || what.to_string(), value);
        check("the headline's value", self.value)?;
        check("the headline's full scale", self.full_scale)?;
        let decimals = self.decimals;
        let share = |value: f64| number((100.0 * value / self.full_scale).clamp(0.0, 100.0));
        let mut ticks = String::new();
        let mut list = String::new();
        for reference in &self.references {
            check("a reference", reference.value)?;
            let _ = write!(ticks, "<i style=\"left:{}%\"></i>", share(reference.value));
            let _ = write!(
                list,
                "<li><span>{}</span> <b>{:.decimals$}</b></li>",
                escaped(&reference.label),
                reference.value
            );
        }
        Ok(format!(
            "<li class=\"card\"><h3>{}</h3><p class=\"context\">{}</p>\
             <p class=\"value\">{:.decimals$}<small>{}</small></p>\
             <div class=\"meter\" aria-hidden=\"true\"><b style=\"width:{}%\"></b>{ticks}</div>\
             <ul>{list}</ul></li>\n",
            escaped(&self.label),
            escaped(&self.context),
            self.value,
            escaped(&self.unit),
            share(self.value)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headline() -> Headline {
        Headline {
            label: "mIoU".into(),
            context: "<b>seen</b>".into(),
            value: 64.26,
            unit: "%".into(),
            decimals: 1,
            full_scale: 100.0,
            references: vec![HeadlineReference { label: "chance".into(), value: 20.5 }],
        }
    }

    #[test]
    fn a_card_shows_its_number_and_chance() {
        let html = headline().html().unwrap();
        assert!(html.contains("64.3<small>%</small>"), "{html}");
        assert!(html.contains("<span>chance</span> <b>20.5</b>"), "{html}");
        assert!(html.contains("&lt;b&gt;seen"), "{html}");
    }

    #[test]
    fn a_value_that_is_no_number_is_refused() {
        let broken = Headline { value: f64::NAN, ..headline() };
        assert!(matches!(broken.html(), Err(ReportError::Value { .. })));
    }
}
