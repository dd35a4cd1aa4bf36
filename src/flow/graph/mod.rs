//! A picture of a flow: SVG that stands by itself, light or dark as the reader likes it.

mod edges;
mod layout;

use std::fmt::Write;

use super::definition::{Definition, State};
use edges::{Edge, Nature};
use layout::{HEIGHT, Layout, Place, WIDTH};

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

/// Draws a definition: states coloured by whose turn it is, ends with a thick border, timers dashed, payments in their own colour; actions that
/// begin in many states are listed below. The state named `current` has the class `current`; every state has its name in `data-state`.
pub fn svg(definition: &Definition, current: Option<&str>) -> String {
    let (edges, listed) = edges::of(definition);
    let layout = Layout::of(definition, &edges);
    let legend = legend(definition, &listed);
    let height = layout.height + 24 * i32::try_from(legend.len()).unwrap_or(0) + 30;
    let width = layout.width.max(760);
    let mut drawn = String::new();
    let title = escaped(&definition.title);
    let _ = write!(
        drawn,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title><style>{STYLE}</style>\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto-start-reverse\">\
         <path d=\"M0 0L8 4L0 8z\"/></marker></defs><rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>"
    );
    for edge in &edges {
        draw_edge(&mut drawn, &layout, edge);
    }
    for name in &definition.reading_order {
        if let (Some(state), Some(place)) = (definition.state(name), layout.places.get(name)) {
            draw_state(&mut drawn, definition, state, *place, current);
        }
    }
    for edge in &edges {
        draw_label(&mut drawn, &layout, edge);
    }
    for (line, text) in legend.iter().enumerate() {
        let y = layout.height + 24 * i32::try_from(line).unwrap_or(0) + 16;
        let text = escaped(text);
        let _ = write!(
            drawn,
            "<text class=\"legend\" x=\"24\" y=\"{y}\">{text}</text>"
        );
    }
    drawn.push_str("</svg>\n");
    drawn
}

fn draw_state(
    drawn: &mut String,
    definition: &Definition,
    state: &State,
    place: Place,
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
    let (left, top) = (place.x - WIDTH / 2, place.y - HEIGHT / 2);
    let (title, name) = (escaped(&shortened(&state.title, 34)), escaped(&state.name));
    let (x, above, below) = (place.x, place.y - 3, place.y + 13);
    let _ = write!(
        drawn,
        "<g class=\"{classes}\" data-state=\"{name}\"><title>{full}</title>\
         <rect x=\"{left}\" y=\"{top}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"9\"/>\
         <text class=\"title\" x=\"{x}\" y=\"{above}\">{title}</text><text class=\"name\" x=\"{x}\" y=\"{below}\">{name}</text></g>",
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
    let middle = i32::try_from(edge.labels.len()).unwrap_or(0) * 13 / 2;
    for (line, label) in edge.labels.iter().enumerate() {
        let (x, y) = path.middle;
        let y = y - middle + 13 * i32::try_from(line).unwrap_or(0) + 10;
        let text = escaped(&shortened(label, 40));
        let _ = write!(
            drawn,
            "<text class=\"label\" x=\"{x}\" y=\"{y}\">{text}</text>"
        );
    }
}

fn legend(definition: &Definition, listed: &[String]) -> Vec<String> {
    let roles = definition.roles.join(", ");
    let mut lines = vec![format!(
        "{} · version {} · roles: {roles} · thick border: the end · dashed: by itself, in time · orange: payment",
        definition.title, definition.version
    )];
    lines.extend(listed.iter().cloned());
    lines
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{kept}…")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::tests::shipped;

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
        assert_eq!(escaped("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot; ");
        assert_eq!(shortened("abcdef", 4), "abc…");
    }
}
