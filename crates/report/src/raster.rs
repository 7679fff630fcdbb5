//! Figures as PNG files (feature `png`): resvg draws the saved SVG with the embedded font and no other.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb::Database;
use resvg::{tiny_skia, usvg};

use crate::error::ReportError;
use crate::figure::Figure;
use crate::font;

/// Pixels of the PNG per unit of the drawing.
const PNG_SCALE: f32 = 2.0;

impl Figure {
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
}

fn rasterised(svg: &str) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let options = usvg::Options {
        font_family: font::FAMILY.into(),
        fontdb: database(),
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

/// The fonts a rasteriser may use: the embedded ones and no other.
fn database() -> Arc<Database> {
    static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
        let mut database = Database::new();
        database.load_font_data(font::REGULAR.to_vec());
        database.load_font_data(font::SEMI_BOLD.to_vec());
        database.set_sans_serif_family(font::FAMILY);
        Arc::new(database)
    });
    DATABASE.clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::{Anchor, Area, Drawing};
    use crate::figure::{MARGIN, TITLE_LINE};
    use crate::thumbnail::Thumbnail;

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
        let options = usvg::Options { fontdb: database(), ..usvg::Options::default() };
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

    #[test]
    fn the_database_holds_both_weights_of_the_family() {
        let database = database();
        let mut weights: Vec<u16> = database
            .faces()
            .filter(|face| face.families.iter().any(|(name, _)| name == font::FAMILY))
            .map(|face| face.weight.0)
            .collect();
        weights.sort_unstable();
        assert_eq!(weights, [400, 600]);
    }
}
