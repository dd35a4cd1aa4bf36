//! Draws a flow as a self-contained SVG that follows the reader's light or dark theme.

mod edges;
mod layout;
mod text;

use std::fmt::Write;

use super::definition::{Definition, State};
use edges::{Edge, Nature};
use language::source::is_xml;
use layout::{Center, HEIGHT, LINE, Layout, WIDTH};

const STYLE: &str = "\
svg{font:13px system-ui,sans-serif;--ink:#1f2430;--soft:#667085;--paper:#fff;--line:#98a2b3;--warn:#b54708}\
.paper{fill:var(--paper)}text{fill:var(--ink);text-anchor:middle}.name,.legend,.label{font-size:11px}.name{fill:var(--soft)}\
.legend{text-anchor:start}.label{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}\
.state rect{fill:var(--fill,#f2f4f7);stroke:var(--edge,#98a2b3);stroke-width:1.5}\
.role-0{--fill:#e0f2fe;--edge:#0284c7}.role-1{--fill:#fef3c7;--edge:#d97706}.role-2{--fill:#dcfce7;--edge:#16a34a}\
.role-3{--fill:#f3e8ff;--edge:#9333ea}.role-4{--fill:#fce7f3;--edge:#db2777}.role-5{--fill:#ccfbf1;--edge:#0d9488}\
.role-6{--fill:#fee2e2;--edge:#dc2626}.role-7{--fill:#e0e7ff;--edge:#4f46e5}\
.terminal rect{stroke-width:4}.current rect{stroke:var(--ink);stroke-width:4}.current .title{font-weight:700}\
.way{fill:none;stroke:var(--line);stroke-width:1.3;marker-end:url(#tip)}.timer{stroke-dasharray:5 4}.money{stroke:var(--warn)}\
#tip path{fill:var(--line)}\
@media(prefers-color-scheme:dark){svg{--ink:#e6e9ef;--soft:#98a2b3;--paper:#14171f;--line:#667085;--warn:#f79009}\
.state rect{fill:var(--fill,#222733)}.role-0{--fill:#0c3550}.role-1{--fill:#4a2e05}.role-2{--fill:#0c3a1e}.role-3{--fill:#37175c}\
.role-4{--fill:#4f1232}.role-5{--fill:#0a3b37}.role-6{--fill:#521414}.role-7{--fill:#252262}}";

/// The sizes of texts, in pixels, as in the style sheet.
const TITLE: i32 = 13;
const SMALL: i32 = 11;
/// The distance between a box and its text, and around the picture.
const PADDING: i32 = 8;
const BORDER: i32 = 24;
const LEGEND: i32 = 24;
/// The widest label of an edge.
const LABEL: i32 = 260;

/// Draws a definition. States are coloured by the role whose turn it is, terminal states have a thick border,
/// timers are dashed, payments have a colour of their own, and actions available in many states are listed
/// below. The state `current` has the class `current`; every state has its name in `data-state`. The picture is
/// as wide as its widest label needs.
pub fn svg(definition: &Definition, current: Option<&str>) -> String {
    let (edges, listed) = edges::of(definition);
    let layout = Layout::of(definition, &edges);
    let (left, right) = sides(&layout, &edges);
    let width = (right - left).max(760);
    let legend = legend(definition, &listed, width - 2 * BORDER);
    let height = layout.height + LEGEND * (to_i32(legend.len()) + 1) + BORDER;
    let mut drawn = String::new();
    let title = escaped(&definition.title);
    let _ = write!(
        drawn,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{left} 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title><style>{STYLE}</style>\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\">\
         <path d=\"M0 0L8 4L0 8z\"/></marker></defs><rect class=\"paper\" x=\"{left}\" width=\"{width}\" height=\"{height}\"/>"
    );
    for edge in &edges {
        draw_edge(&mut drawn, &layout, edge);
    }
    for name in &definition.reading_order {
        if let (Some(state), Some(center)) = (definition.state(name), layout.centers.get(name)) {
            draw_state(&mut drawn, definition, state, *center, current);
        }
    }
    for edge in &edges {
        draw_label(&mut drawn, &layout, edge);
    }
    draw_roles(&mut drawn, definition, left + BORDER, layout.height);
    for (line, text) in legend.iter().enumerate() {
        let y = layout.height + LEGEND * (to_i32(line) + 1) + 16;
        let (x, text) = (left + BORDER, escaped(text));
        let _ = write!(
            drawn,
            "<text class=\"legend\" x=\"{x}\" y=\"{y}\">{text}</text>"
        );
    }
    drawn.push_str("</svg>\n");
    drawn
}

fn to_i32(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 1_000)
}

/// The leftmost and rightmost coordinates of boxes, edges and labels.
fn sides(layout: &Layout, edges: &[Edge]) -> (i32, i32) {
    let (mut left, mut right) = (0, layout.width);
    for edge in edges {
        let Some(path) = layout.path(edge) else {
            continue;
        };
        let widest = edge.labels.iter().map(|label| shown_label(label).1).max();
        let half = widest.unwrap_or(0) / 2 + BORDER;
        left = left.min(path.middle.0 - half);
        right = right.max(path.middle.0 + half);
    }
    (left, right)
}

/// A label as drawn, and its width.
fn shown_label(label: &str) -> (String, i32) {
    let shown = text::shortened(label, LABEL, SMALL);
    let width = text::width(&shown, SMALL);
    (shown, width)
}

/// Draws the legend of roles and colours.
fn draw_roles(drawn: &mut String, definition: &Definition, left: i32, top: i32) {
    let mut x = left;
    for (number, role) in definition.roles.iter().enumerate() {
        let (y, words) = (top + 16, format!("{role}’s turn"));
        let (box_y, text_x) = (y - 11, x + 20);
        let _ = write!(
            drawn,
            "<g class=\"state role-{number}\"><rect x=\"{x}\" y=\"{box_y}\" width=\"14\" height=\"14\" rx=\"3\"/></g>\
             <text class=\"legend\" x=\"{text_x}\" y=\"{y}\">{}</text>",
            escaped(&words)
        );
        x = text_x + text::width(&words, SMALL) + BORDER;
    }
}

fn draw_state(
    drawn: &mut String,
    definition: &Definition,
    state: &State,
    center: Center,
    current: Option<&str>,
) {
    let mut classes = String::from("state");
    let role = state.awaiting.as_ref();
    let role = role.and_then(|role| definition.roles.iter().position(|other| other == role));
    if let Some(role) = role {
        let _ = write!(classes, " role-{role}");
    }
    for (class, holds) in [
        ("terminal", state.terminal),
        ("current", current == Some(state.name.as_str())),
    ] {
        if holds {
            let _ = write!(classes, " {class}");
        }
    }
    let (left, top) = (center.x - WIDTH / 2, center.y - HEIGHT / 2);
    let room = WIDTH - 2 * PADDING;
    let title = escaped(&text::shortened(&state.title, room, TITLE));
    let shown_name = escaped(&text::shortened(&state.name, room, SMALL));
    let name = escaped(&state.name);
    let (x, above, below) = (center.x, center.y - 3, center.y + 13);
    let _ = write!(
        drawn,
        "<g class=\"{classes}\" data-state=\"{name}\"><title>{full}</title>\
         <rect x=\"{left}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"9\"/>\
         <text class=\"title\" x=\"{x}\" y=\"{above}\">{title}</text><text class=\"name\" x=\"{x}\" y=\"{below}\">{shown_name}</text></g>",
        full = escaped(&state.title),
    );
}

fn draw_edge(drawn: &mut String, layout: &Layout, edge: &Edge) {
    let class = match edge.nature {
        Nature::Person => "way",
        Nature::Timer => "way timer",
        Nature::Money => "way money",
    };
    if let Some(path) = layout.path(edge) {
        let _ = write!(drawn, "<path class=\"{class}\" d=\"{}\"/>", path.drawn);
    }
}

fn draw_label(drawn: &mut String, layout: &Layout, edge: &Edge) {
    let Some(path) = layout.path(edge) else {
        return;
    };
    let middle = to_i32(edge.labels.len()) * LINE / 2;
    for (line, label) in edge.labels.iter().enumerate() {
        let (x, y) = path.middle;
        let y = y - middle + LINE * to_i32(line) + 10;
        let text = escaped(&shown_label(label).0);
        let _ = write!(
            drawn,
            "<text class=\"label\" x=\"{x}\" y=\"{y}\">{text}</text>"
        );
    }
}

fn legend(definition: &Definition, listed: &[String], width: i32) -> Vec<String> {
    let first = format!(
        "{} · version {} · thick border: the end · dashed: by itself, in time · orange: payment",
        definition.title, definition.version
    );
    let texts = std::iter::once(&first).chain(listed);
    texts
        .flat_map(|text| text::wrapped(text, width, SMALL))
        .collect()
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(' '),
            other if !is_xml(other) => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::shipped;
    use proptest::prelude::*;

    #[test]
    fn a_flow_is_drawn() {
        for name in ["bid", "campaign", "negotiation"] {
            let definition = shipped(name);
            let drawn = svg(&definition, Some(&definition.initial));
            for state in &definition.reading_order {
                assert!(
                    drawn.contains(&format!("data-state=\"{state}\"")),
                    "{state}"
                );
            }
            assert_eq!(drawn.matches(" current\"").count(), 1);
            assert_eq!(drawn.matches("<g ").count(), drawn.matches("</g>").count());
            assert!(drawn.contains("way timer") && drawn.contains("way money"));
        }
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(
            escaped("a<b>&\"\u{1}\u{fffe}"),
            "a&lt;b&gt;&amp;&quot;\u{fffd}\u{fffd}"
        );
    }

    /// A flow with this text in every place that is drawn, even if no file may contain it.
    fn with_texts(text: &str) -> Option<Definition> {
        let quoted: String = text
            .chars()
            .map(|c| format!("\\U{:08X}", u32::from(c)))
            .collect();
        let source = include_str!("../tests/small.toml");
        let source = source
            .replace("\"Small\"", &format!("\"S{quoted}\""))
            .replace("\"Asking\"", &format!("\"A{quoted}\""))
            .replace("\"Offer\"", &format!("\"O{quoted}\""));
        Definition::parse_stored(&source).ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn every_picture_is_well_formed(text in any::<String>(), odd in "[<>&'\"\\]\u{fffe}\u{ffff}\u{fffd}\u{feff}\u{202e}𝒳]{0,40}") {
            for text in [text, odd] {
                let text: String = text.chars().filter(|c| !"{}".contains(*c)).take(60).collect();
                if let Some(definition) = with_texts(&text) {
                    let drawn = svg(&definition, None);
                    let document = roxmltree::Document::parse(&drawn);
                    prop_assert!(document.is_ok(), "{:?}: {:?}", text, document.err());
                }
            }
        }
    }

    #[test]
    fn a_text_that_no_file_may_have_is_drawn_all_the_same() {
        let drawn = svg(&with_texts("\u{fffe}<\u{ffff}").unwrap(), None);
        assert!(roxmltree::Document::parse(&drawn).is_ok());
        assert!(drawn.contains("A\u{fffd}&lt;\u{fffd}"));
    }

    /// Everything with coordinates lies inside the picture.
    #[test]
    fn nothing_is_cut_off() {
        let long = "A very long title of an action that says everything that it does, and more";
        for definition in [
            shipped("bid"),
            shipped("campaign"),
            shipped("negotiation"),
            with_texts(&long[..60]).unwrap(),
            with_texts(&"語".repeat(60)).unwrap(),
        ] {
            let drawn = svg(&definition, None);
            let document = roxmltree::Document::parse(&drawn).unwrap();
            let view = document.root_element().attribute("viewBox").unwrap();
            let view: Vec<i32> = view.split(' ').map(|part| part.parse().unwrap()).collect();
            let (left, right, bottom) = (view[0], view[0] + view[2], view[3]);
            for node in document
                .descendants()
                .filter(|node| node.has_tag_name("text"))
            {
                let number = |name| node.attribute(name).unwrap().parse::<i32>().unwrap();
                let (x, y, words) = (number("x"), number("y"), node.text().unwrap_or(""));
                let wide = text::width(words, SMALL);
                let from = match node.attribute("class") {
                    Some("legend") => x,
                    _ => x - wide / 2,
                };
                assert!(
                    from >= left && from + wide <= right && y < bottom,
                    "{words}"
                );
            }
        }
    }
}
