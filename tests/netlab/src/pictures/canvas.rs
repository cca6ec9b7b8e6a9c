//! Pictures for the book, as SVG.
//!
//! A picture is included in a page, not linked: text and lines take the colour of the text around
//! them (`currentColor`), so that it is legible in light and dark. It holds no blank line, which
//! would end an HTML block in Markdown. Units are pixels at the picture's natural size.

/// A drawing surface.
pub struct Picture(String);

impl Picture {
    /// An empty picture. The title is what a screen reader says.
    pub fn new(width: usize, height: usize, title: &str) -> Picture {
        Picture(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" role=\"img\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" \
             fill=\"currentColor\" stroke=\"none\">\n<title>{}</title>\n",
            escape(title)
        ))
    }

    /// Text whose baseline is at `y`. `anchor` says what `x` is: its `start`, `middle` or `end`.
    pub fn text(
        &mut self,
        x: usize,
        y: usize,
        anchor: &str,
        size: usize,
        opacity: f64,
        text: &str,
    ) {
        self.0.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             opacity=\"{opacity}\">{}</text>\n",
            escape(text)
        ));
    }

    /// Text that crosses lines: it keeps a rim of the page's colour around itself.
    pub fn label(&mut self, x: usize, y: usize, anchor: &str, size: usize, text: &str) {
        self.raw(&format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" font-size=\"{size}\" \
             paint-order=\"stroke\" stroke=\"var(--bg, #fff)\" stroke-width=\"4\">{}</text>",
            escape(text)
        ));
    }

    pub fn line(&mut self, x1: usize, y1: usize, x2: usize, y2: usize, opacity: f64) {
        self.0.push_str(&format!(
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" \
             stroke=\"currentColor\" opacity=\"{opacity}\"/>\n"
        ));
    }

    /// A filled rectangle. `fill` is a CSS colour.
    pub fn rect(
        &mut self,
        x: usize,
        y: usize,
        width: usize,
        height: usize,
        fill: &str,
        opacity: f64,
    ) {
        self.0.push_str(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"3\" \
             fill=\"{fill}\" opacity=\"{opacity}\"/>\n"
        ));
    }

    pub fn dot(&mut self, x: usize, y: usize) {
        self.0
            .push_str(&format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"4\"/>\n"));
    }

    /// A level arrow.
    pub fn arrow(&mut self, from: usize, to: usize, y: usize) {
        let (tip, back) = if from < to {
            (to - 2, to - 11)
        } else {
            (to + 2, to + 11)
        };
        self.line(from, y, tip, y, 1.0);
        let (above, below) = (y - 5, y + 5);
        self.raw(&format!(
            "<path d=\"M{tip} {y} L{back} {above} L{back} {below} Z\"/>"
        ));
    }

    /// What is drawn between this and [`Picture::end_note`] shows `note` to who points at it, in a
    /// field of this width and height around the middle at `y`.
    pub fn begin_note(&mut self, (left, right): (usize, usize), y: usize, note: &str) {
        self.raw(&format!("<g><title>{}</title>", escape(note)));
        let (x, y, width) = (left.min(right), y - 17, left.abs_diff(right));
        self.raw(&format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"34\" opacity=\"0\"/>"
        ));
    }

    pub fn end_note(&mut self) {
        self.raw("</g>");
    }

    /// Any other element, on one line.
    pub fn raw(&mut self, element: &str) {
        self.0.push_str(element);
        self.0.push('\n');
    }

    /// The SVG text.
    pub fn finish(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }
}

/// A text as a terminal shows it, on a background of its own: for places that are not pages of the
/// book.
pub fn terminal(text: &str) -> String {
    const COLUMN: usize = 8;
    const ROW: usize = 18;
    const MARGIN: usize = 20;
    let lines: Vec<&str> = text.trim_matches('\n').lines().collect();
    let columns = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let (width, height) = (
        columns * COLUMN + 2 * MARGIN,
        lines.len() * ROW + 2 * MARGIN,
    );
    let mut picture = Picture::new(width, height, "A report in a terminal");
    picture.rect(0, 0, width, height, "#1d2330", 1.0);
    picture.raw("<g fill=\"#d8dee9\">");
    for (i, line) in lines.iter().enumerate() {
        let y = MARGIN + ROW * i + 13;
        // Blanks that do not collapse, in a page and in a file alike.
        let text = escape(line)
            .replace(' ', "\u{a0}")
            .replace('✗', "<tspan fill=\"#ff7b72\">✗</tspan>");
        // Fixed width, whatever font there is: the columns must meet.
        let length = line.chars().count() * COLUMN;
        if length > 0 {
            picture.raw(&format!(
                "<text x=\"{MARGIN}\" y=\"{y}\" font-size=\"13\" textLength=\"{length}\">{text}</text>"
            ));
        }
    }
    picture.raw("</g>");
    picture.finish()
}

/// Text as it stands in an element.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
