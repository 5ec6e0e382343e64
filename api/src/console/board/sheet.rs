//! The board on A5 paper: what stands where, in mm from the top left corner. The template
//! `console/board.svg` and `pdf.rs` draw it.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder, QRCode};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, GlyphId, MetadataProvider};

/// A5, upright.
pub(super) const WIDTH: f32 = 148.0;
pub(super) const HEIGHT: f32 = 210.0;

/// From the paper's edge to what is printed.
pub(super) const MARGIN: f32 = 12.0;

/// The letters of the PDF; where its licence stands: `api/fonts/`. An SVG is drawn with the fonts
/// of who looks at it, which have about the same widths.
pub(super) const FONT: &[u8] = include_bytes!("../../../fonts/DejaVuSansCondensed-Bold.ttf");

/// White around a QR, in modules, which scanners need (ISO/IEC 18004).
const QUIET: u8 = 4;

/// Everything on the paper.
pub(super) struct Sheet {
    pub(super) name: Line,
    pub(super) steps: [Line; 3],
    pub(super) qr: Qr,
}

/// A line of text, centred.
pub(super) struct Line {
    pub(super) text: String,
    pub(super) size: f32,
    pub(super) baseline: f32,
    /// Whether [`FONT`] has all of its letters.
    pub(super) is_printable: bool,
}

/// The code, without its quiet zone.
pub(super) struct Qr {
    pub(super) left: f32,
    pub(super) top: f32,
    /// The side of a module.
    pub(super) module: f32,
    /// What is dark, in modules.
    pub(super) runs: Vec<Run>,
}

/// Dark modules beside each other in one row.
pub(super) struct Run {
    pub(super) x: u8,
    pub(super) y: u8,
    pub(super) length: u8,
}

impl Sheet {
    /// Lays out a board; none for an address that no QR holds.
    pub(super) fn new(name: &str, steps: [String; 3], url: &str) -> Option<Self> {
        let mut baseline = 158.0;
        let steps = steps.map(|step| {
            baseline += 14.0;
            Line::new(step, 7.0, baseline)
        });
        Some(Self { name: Line::new(name.to_owned(), 13.0, 26.0), steps, qr: Qr::new(url, 30.0)? })
    }

    /// All text, from the top down.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        [&self.name].into_iter().chain(&self.steps)
    }
}

impl Line {
    /// A text that does not fit is printed smaller.
    fn new(text: String, largest: f32, baseline: f32) -> Self {
        let glyphs = glyphs(&text);
        let is_printable = glyphs.iter().all(|glyph| glyph.id.is_some());
        let room = WIDTH - 2.0 * MARGIN;
        let size = largest.min(room / width(&glyphs));
        Self { text, size, baseline, is_printable }
    }

    /// Where it begins, drawn with [`FONT`].
    pub(super) fn left(&self) -> f32 {
        (WIDTH - self.size * width(&glyphs(&self.text))) / 2.0
    }
}

impl Qr {
    /// With its quiet zone it is as wide as the text may be.
    fn new(url: &str, top: f32) -> Option<Self> {
        // A quarter of a board that hangs outside may be scratched or dirty.
        let code = QRBuilder::new(url).ecl(ECL::Q).build().ok()?;
        let side = u8::try_from(code.size).ok()?;
        let module = (WIDTH - 2.0 * MARGIN) / f32::from(side + 2 * QUIET);
        let quiet = module * f32::from(QUIET);
        let runs = (0..side).flat_map(|y| runs(&code, side, y)).collect();
        Some(Self { left: MARGIN + quiet, top: top + quiet, module, runs })
    }

    /// The same as an outline for SVG.
    pub(super) fn outline(&self) -> String {
        self.runs.iter().fold(String::new(), |mut outline, Run { x, y, length }| {
            let _ = write!(outline, "M{x} {y}h{length}v1h-{length}z");
            outline
        })
    }
}

fn runs(code: &QRCode, side: u8, y: u8) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for x in (0..side).filter(|x| code[y.into()][usize::from(*x)].value()) {
        match runs.last_mut() {
            Some(run) if run.x + run.length == x => run.length += 1,
            Some(_) | None => runs.push(Run { x, y, length: 1 }),
        }
    }
    runs
}

/// One letter of a text.
pub(super) struct Glyph {
    /// Its number in [`FONT`], if it is there.
    pub(super) id: Option<u32>,
    /// From it to the next, as a part of the font's size.
    pub(super) advance: f32,
}

/// The letters of a text, one for each `char`: Latin, Greek and Cyrillic need no more.
pub(super) fn glyphs(text: &str) -> Vec<Glyph> {
    let font = FontRef::new(FONT).ok();
    let charmap = font.as_ref().map(MetadataProvider::charmap);
    let metrics =
        font.as_ref().map(|font| font.glyph_metrics(Size::new(1.0), LocationRef::default()));
    let glyph = |letter| {
        let id = charmap.as_ref().and_then(|charmap| charmap.map(letter));
        let advance = metrics.as_ref().zip(id).and_then(|(metrics, id)| metrics.advance_width(id));
        // What is not there is drawn by other fonts, and may be as wide as high.
        Glyph { id: id.map(GlyphId::to_u32), advance: advance.unwrap_or(1.0) }
    };
    text.chars().map(glyph).collect()
}

fn width(glyphs: &[Glyph]) -> f32 {
    glyphs.iter().map(|glyph| glyph.advance).sum()
}
