//! A figure: drawn once, then shown in the page, saved as a stand-alone SVG, and rasterised to PNG.
//!
//! The saved SVG carries its title, its description and the font, so it opens the same anywhere;
//! the PNG is made from it (`raster`). In the page the figure is inlined, takes the reader's light or dark colours, and may have a second drawing for narrow
//! screens, where shrinking would make text too small.

use std::fmt::Write as _;

use crate::drawing::{Anchor, Drawing, Piece, escaped, number};
use crate::font;
use crate::font::Weight;
use crate::palette;
use crate::thumbnail::Thumbnail;

/// Width of a figure's drawing for a screen, and for a phone.
pub(crate) const WIDE: f64 = 960.0;
pub(crate) const NARROW: f64 = 354.0;

pub(crate) const MARGIN: f64 = 20.0;
const TITLE_SIZE: f64 = 16.0;
pub(crate) const TITLE_LINE: f64 = 22.0;

/// One figure with what a reader who cannot see it needs.
#[derive(Clone, Debug)]
pub struct Figure {
    /// File name without extension: lower case letters, digits and `-`.
    pub name: String,
    /// Title drawn on top of the saved figure.
    pub title: String,
    /// The figure in words, for readers who cannot see it.
    pub alt: String,
    pub(crate) wide: Drawing,
    pub(crate) narrow: Option<Drawing>,
}

impl Figure {
    /// The stand-alone SVG file: light colours, title on top, font embedded.
    pub fn svg(&self) -> String {
        self.stand_alone(&font::font_faces())
    }

    pub(crate) fn stand_alone(&self, font_faces: &str) -> String {
        let drawing = &self.wide;
        let text_width = drawing.width.max(300.0);
        let lines = font::wrapped(&self.title, TITLE_SIZE, Weight::SemiBold, text_width, 3);
        let head = lines.len() as f64 * TITLE_LINE + 12.0;
        let width = text_width.max(drawing.width) + 2.0 * MARGIN;
        let height = drawing.height + head + 2.0 * MARGIN;
        let (w, h) = (number(width), number(height));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 \
            {w} {h}\" \
             role=\"img\" class=\"f\">\n<title>{}</title>\n<desc>{}</desc>\n\
             <style>{font_faces}{}</style>\n\
             <rect width=\"{w}\" height=\"{h}\" class=\"f-ground\"/>\n",
            escaped(&self.title),
            escaped(&self.alt),
            palette::figure_style_light()
        );
        let mut title = Drawing::new(width, head);
        for (i, line) in lines.iter().enumerate() {
            let baseline = MARGIN + TITLE_SIZE + i as f64 * TITLE_LINE;
            title.text((MARGIN, baseline), Anchor::Start, "f-title", line);
        }
        write_pieces(&mut svg, &title.pieces, inlined_frame);
        let _ = write!(
            svg,
            "\n<g transform=\"translate({} {})\">",
            number(MARGIN),
            number(MARGIN + head)
        );
        write_pieces(&mut svg, &drawing.pieces, inlined_frame);
        svg.push_str("</g>\n</svg>\n");
        svg
    }
}

/// A drawing as an element of a page, its frames written by `frame`.
pub(crate) fn inline_svg(
    drawing: &Drawing,
    alt: &str,
    class: &str,
    frame: impl FnMut(&Thumbnail, crate::drawing::Area) -> String,
) -> String {
    let (w, h) = (number(drawing.width), number(drawing.height));
    let mut svg = format!(
        "<svg class=\"f {class}\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" \
        role=\"img\" \
         aria-label=\"{}\">",
        escaped(alt)
    );
    write_pieces(&mut svg, &drawing.pieces, frame);
    svg.push_str("</svg>");
    svg
}

fn write_pieces(
    svg: &mut String,
    pieces: &[Piece],
    mut frame: impl FnMut(&Thumbnail, crate::drawing::Area) -> String,
) {
    for piece in pieces {
        svg.push('\n');
        match piece {
            Piece::Markup(markup) => svg.push_str(markup),
            Piece::Frame(area, thumbnail) => svg.push_str(&frame(thumbnail, *area)),
        }
    }
    svg.push('\n');
}

fn inlined_frame(thumbnail: &Thumbnail, area: crate::drawing::Area) -> String {
    format!(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
        href=\"{}\"/>",
        number(area.x),
        number(area.y),
        number(area.width),
        number(area.height),
        thumbnail.data_url()
    )
}
