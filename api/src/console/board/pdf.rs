//! The board as a PDF: text that can be selected, and a QR of vectors.

use krilla::Document;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};

use super::sheet::{FONT, HEIGHT, Line, MARGIN, Qr, Sheet, WIDTH, glyphs};

/// Points in a mm.
const SCALE: f32 = 72.0 / 25.4;

/// Writes the file; none when the library finds fault with it, which a test sees to.
pub(super) fn write(sheet: &Sheet, language: &str) -> Option<Vec<u8>> {
    let mut document = Document::new();
    let about = Metadata::new().title(sheet.name.text.clone()).language(language.to_owned());
    document.set_metadata(about);
    let mut page = document.start_page_with(PageSettings::from_wh(WIDTH * SCALE, HEIGHT * SCALE)?);
    let mut surface = page.surface();
    surface.push_transform(&Transform::from_scale(SCALE, SCALE));
    surface.set_fill(Some(Fill::default()));
    let font = Font::new(FONT.into(), 0)?;
    for line in sheet.lines() {
        if line.is_printable {
            letter(&mut surface, line, &font);
        } else {
            rule(&mut surface, line)?;
        }
    }
    draw(&mut surface, &sheet.qr)?;
    surface.pop();
    surface.finish();
    page.finish();
    document.finish().ok()
}

fn letter(surface: &mut Surface<'_>, line: &Line, font: &Font) {
    let letters = line.text.char_indices().zip(glyphs(&line.text));
    let glyphs: Vec<KrillaGlyph> = letters
        .map(|((start, letter), glyph)| KrillaGlyph {
            glyph_id: GlyphId::new(glyph.id.unwrap_or_default()),
            text_range: start..start + letter.len_utf8(),
            x_advance: glyph.advance,
            x_offset: 0.0,
            y_offset: 0.0,
            y_advance: 0.0,
            location: None,
        })
        .collect();
    let start = Point::from_xy(line.left(), line.baseline);
    surface.draw_glyphs(start, &glyphs, font.clone(), &line.text, line.size, false);
}

/// A line to write on by hand what the font has no letters for.
fn rule(surface: &mut Surface<'_>, line: &Line) -> Option<()> {
    let mut path = PathBuilder::new();
    path.push_rect(Rect::from_xywh(MARGIN, line.baseline, WIDTH - 2.0 * MARGIN, 0.3)?);
    surface.draw_path(&path.finish()?);
    Some(())
}

fn draw(surface: &mut Surface<'_>, qr: &Qr) -> Option<()> {
    let mut path = PathBuilder::new();
    for run in &qr.runs {
        let [x, y, length] = [run.x, run.y, run.length].map(f32::from);
        path.push_rect(Rect::from_xywh(x, y, length, 1.0)?);
    }
    let Qr { left, top, module, .. } = *qr;
    surface.push_transform(&Transform::from_row(module, 0.0, 0.0, module, left, top));
    surface.draw_path(&path.finish()?);
    surface.pop();
    Some(())
}
