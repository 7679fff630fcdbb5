//! A figure: drawn once, then shown in the page, saved as a stand-alone SVG, and rasterised to PNG.
//!
//! The saved SVG carries its title, its description and the font, so it opens the same anywhere;
//! the PNG is made from it by resvg with the embedded font and nothing else. In the page the figure
//! is inlined, takes the reader's light or dark colours, and may have a second drawing for narrow
//! screens, where shrinking would make text too small.

use std::fmt::Write as _;

use resvg::{tiny_skia, usvg};

use crate::drawing::{Anchor, Drawing, Piece, escaped, number};
use crate::error::ReportError;
use crate::font;
use crate::font::Weight;
use crate::palette;
use crate::thumbnail::Thumbnail;

/// Pixels of the PNG per unit of the drawing.
const PNG_SCALE: f32 = 2.0;
/// Width of a figure's drawing for a screen, and for a phone.
pub(crate) const WIDE: f64 = 960.0;
pub(crate) const NARROW: f64 = 354.0;

const MARGIN: f64 = 20.0;
const TITLE_SIZE: f64 = 16.0;
const TITLE_LINE: f64 = 22.0;

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

    /// The figure as PNG bytes at two pixels per unit, on white, text set in the embedded font.
    ///
    /// # Errors
    /// [`ReportError::Raster`] when the SVG cannot be parsed or is too large for an image.
    pub fn png(&self) -> Result<Vec<u8>, ReportError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ReportError::Raster {
            figure: self.name.clone(),
            source,
        };
        rasterised(&self.stand_alone("")).map_err(failed)
    }

    fn stand_alone(&self, font_faces: &str) -> String {
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

fn rasterised(svg: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let options = usvg::Options {
        font_family: font::FAMILY.into(),
        fontdb: font::database(),
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let side = |length: f32| (length * PNG_SCALE).ceil() as u32;
    let (width, height) = (side(tree.size().width()), side(tree.size().height()));
    let mut pixels = tiny_skia::Pixmap::new(width, height)
        .ok_or_else(|| format!("an image of {width} x {height} pixels cannot be allocated"))?;
    let scale = tiny_skia::Transform::from_scale(PNG_SCALE, PNG_SCALE);
    resvg::render(&tree, scale, &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::Area;

    fn figure(text: &str) -> Figure {
        let mut wide = Drawing::new(400.0, 60.0);
        wide.text((10.0, 30.0), Anchor::Start, "f-t", text);
        Figure { name: "test".into(), title: "T".into(), alt: "A".into(), wide, narrow: None }
    }

    fn dark_pixels(figure: &Figure) -> usize {
        let png = figure.png().unwrap();
        let image = tiny_skia::Pixmap::decode_png(&png).unwrap();
        image.pixels().iter().filter(|p| p.red() < 100).count()
    }

    #[test]
    fn text_is_really_drawn_and_more_of_it_draws_more() {
        let (none, some, more) = (figure(" "), figure("clip"), figure("clip clip clip"));
        assert!(dark_pixels(&some) > dark_pixels(&none) + 40);
        assert!(dark_pixels(&more) > dark_pixels(&some) + 80);
    }

    #[test]
    fn text_is_set_in_the_embedded_font_with_both_weights() {
        let svg = figure("Weight").svg();
        let options = usvg::Options { fontdb: font::database(), ..usvg::Options::default() };
        let tree = usvg::Tree::from_str(&svg, &options).unwrap();
        let mut weights = Vec::new();
        let mut nodes: Vec<&usvg::Node> = tree.root().children().iter().collect();
        while let Some(node) = nodes.pop() {
            match node {
                usvg::Node::Group(group) => nodes.extend(group.children()),
                usvg::Node::Text(text) => {
                    let span = &text.chunks()[0].spans()[0];
                    assert_eq!(span.font().families()[0], usvg::FontFamily::Named("Inter".into()));
                    assert!(text.bounding_box().width() > 5.0);
                    weights.push(span.font().weight());
                }
                _ => {}
            }
        }
        weights.sort_unstable();
        assert_eq!(weights, [400, 600]);
    }

    #[test]
    fn a_frame_is_drawn_where_it_was_put() {
        let mut figure = figure(" ");
        let red = Thumbnail::from_rgb(&[200, 0, 0].repeat(16), 4, 4).unwrap();
        figure.wide.frame(Area { x: 300.0, y: 10.0, width: 40.0, height: 40.0 }, &red);
        let image = tiny_skia::Pixmap::decode_png(&figure.png().unwrap()).unwrap();
        let at = |x: f64, y: f64| {
            let head = TITLE_LINE + 12.0;
            image.pixel(((x + MARGIN) * 2.0) as u32, ((y + MARGIN + head) * 2.0) as u32).unwrap()
        };
        assert_eq!((at(320.0, 30.0).red(), at(320.0, 30.0).green()), (200, 0));
        assert_eq!(at(280.0, 30.0).green(), 255);
    }

    #[test]
    fn equal_figures_give_equal_bytes() {
        assert_eq!(figure("a").svg(), figure("a").svg());
        assert_eq!(figure("a").png().unwrap(), figure("a").png().unwrap());
    }
}
