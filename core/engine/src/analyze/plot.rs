//! An image of a boot, similar to `systemd-analyze plot`: a bar for each stage and each step.

use std::fmt::Write as _;

use model::Order as _;

use super::events::float;
use super::spans::{Boot, Outcome, Span};

/// Heights of a row and of its bar, in pixels.
const ROW: f64 = 20.0;
const BAR: f64 = 14.0;
/// Width of the time axis, and margins for labels.
const AXIS: f64 = 1000.0;
const LEFT: f64 = 20.0;
const RIGHT: f64 = 420.0;
const TOP: f64 = 70.0;
/// A longer pause between stages is cut out of the axis, to keep the bars visible.
const LONGEST_PAUSE: i64 = 2_000_000;

const STYLE: &str = "\
text { font-family: sans-serif; font-size: 12px; fill: #222 } \
text.title { font-size: 16px; font-weight: bold } text.axis { font-size: 10px; fill: #666 } \
text.stage { font-weight: bold } line.grid { stroke: #ddd } line.cut { stroke: #b00; stroke-dasharray: 3 3 } \
rect.back { fill: #fff } rect.stage { fill: #bcd } rect.success { fill: #5a8f4e } rect.warning { fill: #e0a020 } \
rect.failure { fill: #c03030 } rect.open { fill: #999 } rect.waiting { fill: none; stroke: #bbb }";

/// Maps times to the image's axis: long pauses are shortened to [`LONGEST_PAUSE`].
struct Axis {
    /// The cuts: the time after the pause, and the total time omitted before it.
    cuts: Vec<(i64, i64)>,
    start: i64,
    length: i64,
}

impl Axis {
    fn new(boot: &Boot) -> Self {
        let mut busy: Vec<(i64, i64)> = boot.spans.iter().map(|span| (span.start, span.end)).collect();
        busy.order();
        let start = boot.start();
        let (mut cuts, mut left_out, mut reached) = (Vec::new(), 0, start);
        for (from, to) in busy {
            if from - reached > LONGEST_PAUSE {
                left_out += from - reached - LONGEST_PAUSE;
                cuts.push((from, left_out));
            }
            reached = reached.max(to);
        }
        Self { cuts, start, length: (reached - start - left_out).max(1) }
    }

    /// Microseconds on the axis.
    fn place(&self, at: i64) -> i64 {
        let left_out =
            self.cuts.iter().rev().find(|(from, _)| at >= *from).map_or(0, |(_, left_out)| *left_out);
        at - self.start - left_out
    }

    fn pixels(&self, micros: i64) -> f64 {
        LEFT + AXIS * float(micros) / float(self.length)
    }

    /// The distance of grid lines: 1, 2 or 5 times a power of ten, for about ten lines.
    fn step(&self) -> i64 {
        let mut step = 1;
        loop {
            for factor in [1, 2, 5] {
                if self.length / (step * factor) <= 12 {
                    return step * factor;
                }
            }
            step *= 10;
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Not allowed in XML.
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

fn took(micros: i64) -> String {
    match micros {
        ..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{:.1} ms", float(micros) / 1e3),
        _ => format!("{:.3} s", float(micros) / 1e6),
    }
}

fn class(span: &Span) -> &'static str {
    match span.outcome {
        Outcome::Success if span.depth() == 0 => "stage",
        Outcome::Success => "success",
        Outcome::Warning => "warning",
        Outcome::Failure => "failure",
        Outcome::Open => "open",
    }
}

/// The image as SVG.
#[expect(clippy::cast_precision_loss, reason = "rows of a picture")]
pub fn plot(boot: &Boot) -> String {
    let axis = Axis::new(boot);
    let height = TOP + ROW * (boot.spans.len() as f64) + 40.0;
    let width = LEFT + AXIS + RIGHT;
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<style>{STYLE}</style>\n\
         <rect class=\"back\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    let stages: i64 =
        boot.spans.iter().filter(|span| span.depth() == 0).map(|span| span.end - span.start).sum();
    let _ = writeln!(
        out,
        "<text class=\"title\" x=\"{LEFT}\" y=\"24\">cloud-init: {} in stages, {} from start to finish</text>",
        took(stages),
        took(boot.end() - boot.start())
    );
    grid(&mut out, &axis, height);
    let mut ended = None;
    for (row, span) in boot.spans.iter().enumerate() {
        let y = TOP + ROW * row as f64;
        if span.depth() == 0 {
            if let Some(ended) = ended.filter(|ended| *ended < span.start) {
                waiting(&mut out, &axis, ended, span.start, y);
            }
            ended = ended.max(Some(span.end));
        }
        bar(&mut out, &axis, span, y);
    }
    legend(&mut out, height - 14.0);
    out.push_str("</svg>\n");
    out
}

fn grid(out: &mut String, axis: &Axis, height: f64) {
    let bottom = height - 36.0;
    let step = axis.step();
    for tick in 0..=axis.length / step {
        let x = axis.pixels(tick * step);
        let _ = writeln!(
            out,
            "<line class=\"grid\" x1=\"{x:.2}\" y1=\"{:.0}\" x2=\"{x:.2}\" y2=\"{bottom:.0}\"/>\
             <text class=\"axis\" x=\"{x:.2}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            TOP - 10.0,
            TOP - 14.0,
            took(tick * step)
        );
    }
    for (from, _) in &axis.cuts {
        // In the middle of the shortened pause.
        let x = axis.pixels(axis.place(*from) - LONGEST_PAUSE / 2);
        let _ = writeln!(
            out,
            "<line class=\"cut\" x1=\"{x:.2}\" y1=\"{:.0}\" x2=\"{x:.2}\" y2=\"{bottom:.0}\">\
             <title>a pause is omitted here</title></line>",
            TOP - 10.0
        );
    }
}

/// The time between two stages, in which others work: the network, other services, or the kernel.
fn waiting(out: &mut String, axis: &Axis, from: i64, to: i64, y: f64) {
    let (x, end) = (axis.pixels(axis.place(from)), axis.pixels(axis.place(to)));
    let _ = writeln!(
        out,
        "<rect class=\"waiting\" x=\"{x:.2}\" y=\"{y:.0}\" width=\"{:.2}\" height=\"{BAR}\">\
         <title>waiting for {}</title></rect>",
        end - x,
        took(to - from)
    );
}

fn bar(out: &mut String, axis: &Axis, span: &Span, y: f64) {
    let (x, end) = (axis.pixels(axis.place(span.start)), axis.pixels(axis.place(span.end)));
    let label = if span.depth() == 0 { &span.name } else { span.label() };
    let kind = if span.depth() == 0 { " class=\"stage\"" } else { "" };
    let _ = writeln!(
        out,
        "<rect class=\"{}\" x=\"{x:.2}\" y=\"{y:.0}\" width=\"{:.2}\" height=\"{BAR}\">\
         <title>{}: {}</title></rect><text{kind} x=\"{:.2}\" y=\"{:.0}\">{} ({})</text>",
        class(span),
        (end - x).max(1.0),
        escaped(&span.name),
        escaped(&span.description),
        end.max(x + 1.0) + 4.0,
        y + 11.0,
        escaped(label),
        took(span.end - span.start)
    );
}

fn legend(out: &mut String, y: f64) {
    let mut x = LEFT;
    for (class, text) in [
        ("stage", "a stage"),
        ("success", "successful step"),
        ("warning", "with a warning"),
        ("failure", "failed"),
        ("open", "did not finish"),
        ("waiting", "between stages"),
    ] {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{:.0}\" width=\"12\" height=\"12\"/>\
             <text x=\"{}\" y=\"{y:.0}\">{text}</text>",
            y - 11.0,
            x + 18.0
        );
        #[expect(clippy::cast_precision_loss, reason = "one of the labels above")]
        let width = 7.0 * text.len() as f64;
        x += 40.0 + width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, start: i64, end: i64) -> Span {
        Span { name: name.into(), description: "a <b> & c".into(), start, end, outcome: Outcome::Success }
    }

    #[test]
    fn times_and_texts_of_a_picture() {
        for (micros, wanted) in [
            (0, "0 us"),
            (999, "999 us"),
            (1_000, "1.0 ms"),
            (999_949, "999.9 ms"),
            (1_000_000, "1.000 s"),
            (61_500_000, "61.500 s"),
        ] {
            assert_eq!(took(micros), wanted);
        }
        assert_eq!(escaped("a<b>&\"c\"\u{7}ä"), "a&lt;b&gt;&amp;&quot;c&quot; ä");
    }

    #[test]
    fn a_long_pause_is_cut_out() {
        let boot = Boot { spans: vec![span("a", 0, 1_000_000), span("b", 61_000_000, 62_000_000)] };
        let axis = Axis::new(&boot);
        // A second of work, two seconds of pause, a second of work.
        assert_eq!(
            (axis.length, axis.place(61_000_000), axis.place(500_000)),
            (4_000_000, 3_000_000, 500_000)
        );
        assert_eq!(axis.step(), 500_000);
        let picture = plot(&boot);
        assert!(picture.contains("a pause is omitted"));
        // From the end of the first stage to the start of the second, in whose row it is.
        assert!(
            picture.contains(
                "<rect class=\"waiting\" x=\"270.00\" y=\"90\" width=\"500.00\" height=\"14\">\
                 <title>waiting for 60.000 s</title></rect>"
            ),
            "{picture}"
        );
        assert_eq!(picture.matches("<title>waiting for").count(), 1, "nothing precedes the first stage");
    }

    fn made(name: &str, start: i64, end: i64, outcome: Outcome) -> Span {
        Span { outcome, ..span(name, start, end) }
    }

    /// Two seconds of work with a cut after the first one: the axis has four seconds on 1000 pixels.
    #[test]
    fn every_part_is_where_its_time_is() {
        let spans = vec![
            made("init", 1_000_000, 2_000_000, Outcome::Success),
            made("init/config-ssh", 1_500_000, 1_500_000, Outcome::Failure),
            made("modules", 61_000_000, 62_000_000, Outcome::Open),
            made("modules/x", 61_000_000, 61_250_000, Outcome::Warning),
        ];
        let picture = plot(&Boot { spans });
        for part in [
            "width=\"1440\" height=\"190\" viewBox=\"0 0 1440 190\"",
            "<text class=\"title\" x=\"20\" y=\"24\">cloud-init: 2.000 s in stages, 61.000 s from start to finish</text>",
            "<rect class=\"stage\" x=\"20.00\" y=\"70\" width=\"250.00\" height=\"14\">",
            "<text class=\"stage\" x=\"274.00\" y=\"81\">init (1.000 s)</text>",
            // A bar that takes no time can be seen.
            "<rect class=\"failure\" x=\"145.00\" y=\"90\" width=\"1.00\" height=\"14\">",
            "<text x=\"150.00\" y=\"101\">config-ssh (0 us)</text>",
            "<rect class=\"waiting\" x=\"270.00\" y=\"110\" width=\"500.00\" height=\"14\"><title>waiting for 59.000 s</title>",
            "<rect class=\"open\" x=\"770.00\" y=\"110\" width=\"250.00\" height=\"14\">",
            "<rect class=\"warning\" x=\"770.00\" y=\"130\" width=\"62.50\" height=\"14\">",
            // In the middle of the two seconds that stand for the pause.
            "<line class=\"cut\" x1=\"520.00\" y1=\"60\" x2=\"520.00\" y2=\"154\">",
            // A line for each half second.
            "<line class=\"grid\" x1=\"145.00\" y1=\"60\" x2=\"145.00\" y2=\"154\"/>\
             <text class=\"axis\" x=\"145.00\" y=\"56\" text-anchor=\"middle\">500.0 ms</text>",
            // The legend.
            "<rect class=\"stage\" x=\"20\" y=\"165\" width=\"12\" height=\"12\"/><text x=\"38\" y=\"176\">a stage</text>",
            "<rect class=\"success\" x=\"109\" y=\"165\"",
        ] {
            assert!(picture.contains(part), "{part}\n{picture}");
        }
        assert_eq!(picture.matches("class=\"grid\"").count(), 9, "from 0 to 4 s");
        assert_eq!(picture.matches("class=\"cut\"").count(), 1);
    }

    #[test]
    fn each_outcome_has_its_class() {
        for (name, outcome, expected) in [
            ("init", Outcome::Success, "stage"),
            ("init/x", Outcome::Success, "success"),
            ("init/x", Outcome::Warning, "warning"),
            ("init", Outcome::Failure, "failure"),
            ("init/x", Outcome::Open, "open"),
        ] {
            assert_eq!(class(&made(name, 0, 1, outcome)), expected, "{name} {outcome:?}");
        }
    }

    #[test]
    fn grid_lines_have_round_distances() {
        let step = |length| Axis { cuts: Vec::new(), start: 0, length }.step();
        for (length, wanted) in
            [(1, 1), (12, 1), (13, 2), (25, 2), (26, 5), (64, 5), (65, 10), (650, 100), (1_000_000, 100_000)]
        {
            assert_eq!(step(length), wanted, "{length}");
        }
        // A pause that is just as long as the longest stays; the axis has no length of zero.
        let axis = |spans: &[(i64, i64)]| {
            let spans = spans.iter().map(|(start, end)| span("a", *start, *end)).collect();
            Axis::new(&Boot { spans })
        };
        assert_eq!(axis(&[(0, 1), (LONGEST_PAUSE + 1, LONGEST_PAUSE + 2)]).cuts, []);
        assert_eq!(axis(&[(0, 1), (LONGEST_PAUSE + 2, LONGEST_PAUSE + 3)]).cuts, [(LONGEST_PAUSE + 2, 1)]);
        assert_eq!(axis(&[(5, 5)]).length, 1);
        // A span within a longer one is no reason for a cut.
        assert_eq!(axis(&[(0, 9_000_000), (1, 2), (9_000_000, 9_000_001)]).cuts, []);
    }

    #[test]
    fn every_span_has_a_row_inside_the_picture() {
        let number = |text: &str, name: &str| -> f64 {
            let value = text.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
            value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
        };
        let height = |count: i64| {
            let spans = (0..count).map(|at| span("a", at * 1000, at * 1000 + 500)).collect();
            let picture = plot(&Boot { spans });
            let height = number(&picture, "height");
            let mut rows: Vec<f64> = picture
                .split("<rect ")
                .filter(|rect| rect.starts_with("class=\"stage\""))
                .map(|rect| number(rect, "y") + number(rect, "height"))
                .collect();
            // The last one is the legend's.
            rows.pop();
            assert_eq!(rows.len(), usize::try_from(count).expect("small"), "{picture}");
            assert!(rows.iter().all(|bottom| *bottom < height), "{rows:?} {height}");
            assert!(rows.windows(2).all(|pair| pair[0] < pair[1]), "{rows:?}");
            height
        };
        assert!((height(12) - height(11) - ROW).abs() < 0.01, "each adds a row");
    }

    #[test]
    fn nothing_of_the_log_is_markup() {
        let picture = plot(&Boot { spans: vec![span("x/<script>", 0, 0)] });
        assert!(picture.contains("&lt;script&gt;") && !picture.contains("<script>"), "{picture}");
        assert!(picture.contains("a &lt;b&gt; &amp; c"));
    }
}
