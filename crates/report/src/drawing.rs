//! A drawing under construction: SVG elements, with the frames kept apart so that a page can hold
//! each of them once.
//!
//! Elements take their colours from classes ([`crate::palette`]); only data colours (a heat map's
//! cells) are given as values. All text goes through [`escaped`]. Coordinates are pixels from the
//! top left corner, written with two decimals, so equal input gives equal bytes.

use std::fmt::Write as _;

use crate::thumbnail::Thumbnail;

/// A rectangle on the drawing, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Area {
    pub(crate) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(crate) fn middle_x(&self) -> f64 {
        self.x + self.width / 2.0
    }

    pub(crate) fn middle_y(&self) -> f64 {
        self.y + self.height / 2.0
    }

    /// The same centre, `by` pixels smaller on every side.
    pub(crate) fn inset(&self, by: f64) -> Area {
        Area {
            x: self.x + by,
            y: self.y + by,
            width: (self.width - 2.0 * by).max(0.0),
            height: (self.height - 2.0 * by).max(0.0),
        }
    }
}

/// Which side of its anchor point a text lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A piece of the drawing, in painting order.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Markup(String),
    Frame(Area, Thumbnail),
}

/// Elements of one picture of a known size.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) pieces: Vec<Piece>,
}

impl Drawing {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, pieces: Vec::new() }
    }

    /// A rectangle; `radius` rounds its corners.
    pub(crate) fn rect(&mut self, area: Area, class: &str, radius: f64) {
        let markup = format!("<rect {} class=\"{class}\"{}/>", placed(area), rounding(radius));
        self.push(markup);
    }

    /// A rectangle in a data colour (`fill` is a colour value) with `hint` shown on hovering.
    pub(crate) fn cell(&mut self, area: Area, fill: &str, hint: &str) {
        let hint = escaped(hint);
        self.push(format!("<rect {} fill=\"{fill}\"><title>{hint}</title></rect>", placed(area)));
    }

    /// A rectangle of a class at an opacity in 0..=1, with `hint` shown on hovering.
    pub(crate) fn shade(&mut self, area: Area, class: &str, opacity: f64, radius: f64, hint: &str) {
        let markup = format!(
            "<rect {} class=\"{class}\"{} fill-opacity=\"{}\"><title>{}</title></rect>",
            placed(area),
            rounding(radius),
            number(opacity),
            escaped(hint)
        );
        self.push(markup);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        self.push(format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" class=\"{class}\"/>",
            number(from.0),
            number(from.1),
            number(to.0),
            number(to.1)
        ));
    }

    /// A line through `points`; closed along the straight line at `base_y` when given, as an area
    /// is.
    pub(crate) fn path(&mut self, points: &[(f64, f64)], base_y: Option<f64>, class: &str) {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return;
        };
        let mut d = String::new();
        for (i, (x, y)) in points.iter().enumerate() {
            let _ = write!(d, "{}{} {}", if i == 0 { 'M' } else { 'L' }, number(*x), number(*y));
        }
        if let Some(base) = base_y.map(number) {
            let _ = write!(d, "L{} {base}L{} {base}Z", number(last.0), number(first.0));
        }
        self.push(format!("<path d=\"{d}\" class=\"{class}\"/>"));
    }

    /// A dot.
    pub(crate) fn dot(&mut self, at: (f64, f64), radius: f64, class: &str) {
        let (x, y) = (number(at.0), number(at.1));
        self.push(format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{}\" class=\"{class}\"/>",
            number(radius)
        ));
    }

    /// A line of text with its baseline at `at`; `L_c` is set with the `c` as an index.
    pub(crate) fn text(&mut self, at: (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.push(format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" class=\"{class}\">{}</text>",
            number(at.0),
            number(at.1),
            with_indices(text)
        ));
    }

    /// A line of text that climbs to the right from `at`, for labels of narrow columns.
    pub(crate) fn slanted_text(&mut self, at: (f64, f64), class: &str, text: &str) {
        self.push(format!(
            "<text transform=\"translate({} {}) rotate(-45)\" class=\"{class}\">{}</text>",
            number(at.0),
            number(at.1),
            with_indices(text)
        ));
    }

    /// Text written twice, first as a wide outline in the ground's colour, so that it stays
    /// readable over lines.
    pub(crate) fn text_over_lines(
        &mut self,
        at: (f64, f64),
        anchor: Anchor,
        class: &str,
        text: &str,
    ) {
        self.text(at, anchor, &format!("{class} f-halo"), text);
        self.text(at, anchor, class, text);
    }

    /// A frame of a video, stretched over `area`.
    pub(crate) fn frame(&mut self, area: Area, thumbnail: &Thumbnail) {
        self.pieces.push(Piece::Frame(area, thumbnail.clone()));
    }

    fn push(&mut self, markup: String) {
        match self.pieces.last_mut() {
            Some(Piece::Markup(before)) => {
                before.push('\n');
                before.push_str(&markup);
            }
            _ => self.pieces.push(Piece::Markup(markup)),
        }
    }
}

/// At most two decimals, no trailing zeros, no "-0".
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// `text` for the inside of an SVG or HTML element or of a double-quoted attribute; control
/// characters, which XML does not allow, become spaces, and orders of direction are written out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push(' '),
            // They turn the direction of what follows, beyond the end of the name.
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Escaped text in which a name such as `L_c` (one letter, `_`, one letter) has its index lowered.
fn with_indices(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_word = |i: usize| letters.get(i).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let is_name = |i: usize| {
        letters[i].is_alphabetic()
            && letters.get(i + 1) == Some(&'_')
            && letters.get(i + 2).is_some_and(|c| c.is_alphabetic())
            && !is_word(i + 3)
            && (i == 0 || !is_word(i - 1))
    };
    // text after an index is raised again by a span of its own: `dy` moves everything that follows
    let mut out = String::new();
    let mut plain = String::new();
    let mut lowered = false;
    let flush = |out: &mut String, plain: &mut String, lowered: bool| {
        let text = escaped(&std::mem::take(plain));
        if lowered && !text.is_empty() {
            let _ = write!(out, "<tspan dy=\"-3\">{text}</tspan>");
        } else {
            out.push_str(&text);
        }
    };
    let mut i = 0;
    while i < letters.len() {
        plain.push(letters[i]);
        if is_name(i) {
            flush(&mut out, &mut plain, lowered);
            let index = escaped(&letters[i + 2].to_string());
            let _ = write!(out, "<tspan dy=\"3\" font-size=\"9\">{index}</tspan>");
            lowered = true;
            i += 2;
        }
        i += 1;
    }
    flush(&mut out, &mut plain, lowered);
    out
}

fn placed(area: Area) -> String {
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        number(area.x),
        number(area.y),
        number(area.width),
        number(area.height)
    )
}

fn rounding(radius: f64) -> String {
    if radius > 0.0 { format!(" rx=\"{}\"", number(radius)) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_never_minus_zero() {
        assert_eq!(
            [number(1.0), number(-0.001), number(12.345), number(-3.5)],
            ["1", "0", "12.35", "-3.5"]
        );
    }

    #[test]
    fn markup_in_a_text_is_shown_and_not_run() {
        assert_eq!(
            escaped("<b a=\"1\" c='2'>&\u{1}"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp; "
        );
        assert_eq!(escaped("a\u{202e}4pm.\u{9b}"), "a\\u{202e}4pm. ");
    }

    #[test]
    fn only_a_one_letter_name_gets_an_index() {
        let index = "<tspan dy=\"3\" font-size=\"9\">c</tspan>";
        assert_eq!(with_indices("L_c"), format!("L{index}"));
        assert_eq!(with_indices("L_c 1.2"), format!("L{index}<tspan dy=\"-3\"> 1.2</tspan>"));
        assert_eq!(with_indices("loss_fine and a_bc"), "loss_fine and a_bc");
    }
}
