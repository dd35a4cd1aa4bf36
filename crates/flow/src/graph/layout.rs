//! The layout: one layer for each step along the reading order, with detours at the sides.

use std::collections::BTreeMap;

use super::edges::Edge;
use crate::definition::Definition;

/// The width of a state's box.
pub(super) const WIDTH: i32 = 290;
/// The height of a state's box.
pub(super) const HEIGHT: i32 = 46;
const LAYER: i32 = 122;
const COLUMN: i32 = 340;
const MARGIN: i32 = 60;
/// How much further out a detour runs for each layer that it passes.
const DETOUR: i32 = 30;
/// The distance between edges of the same states.
const BESIDE: i32 = 16;
/// The height of a line of a label.
pub(super) const LINE: i32 = 13;

/// The center of a state's box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Center {
    pub(super) x: i32,
    pub(super) y: i32,
    layer: i32,
}

/// An edge's path, and the position of its label.
pub(super) struct Path {
    pub(super) drawn: String,
    pub(super) middle: (i32, i32),
}

/// The positions of all states.
pub(super) struct Layout {
    pub(super) centers: BTreeMap<String, Center>,
    pub(super) width: i32,
    pub(super) height: i32,
    last: i32,
}

impl Layout {
    /// Edges along the reading order lead down and all others are detours, so there are no cycles. A state's
    /// layer is the length of the longest path to it; terminal states are in the last layer.
    pub(super) fn of(definition: &Definition, edges: &[Edge]) -> Self {
        let order = &definition.reading_order;
        let layers = layers(definition, edges);
        let last = layers.values().copied().max().unwrap_or(0);
        let widest = (0..=last)
            .map(|layer| layers.values().filter(|other| **other == layer).count())
            .max();
        let widest = i32::try_from(widest.unwrap_or(1)).unwrap_or(1);
        let longest = edges.iter().filter_map(|edge| {
            let (from, to) = (
                layers.get(edge.from.as_str())?,
                layers.get(edge.to.as_str())?,
            );
            Some((to - from).abs())
        });
        let side = MARGIN + bulge(longest.max().unwrap_or(0)) * 3 / 4 + 60;
        let width = 2 * side + widest * COLUMN;
        let mut centers = BTreeMap::new();
        for layer in 0..=last {
            let row: Vec<&String> = order
                .iter()
                .filter(|name| layers.get(name.as_str()) == Some(&layer))
                .collect();
            let count = i32::try_from(row.len()).unwrap_or(1);
            for (column, name) in row.into_iter().enumerate() {
                let column = i32::try_from(column).unwrap_or(0);
                let x = width / 2 + (2 * column - count + 1) * COLUMN / 2;
                let y = MARGIN + layer * LAYER;
                centers.insert(name.clone(), Center { x, y, layer });
            }
        }
        Self {
            centers,
            width,
            height: 2 * MARGIN + last * LAYER,
            last,
        }
    }

    /// A straight line to the next layer, otherwise a curve: on the side to which it leads, or on the right if
    /// it leads back.
    pub(super) fn path(&self, edge: &Edge) -> Option<Path> {
        let (from, to) = (self.centers.get(&edge.from)?, self.centers.get(&edge.to)?);
        let span = to.layer - from.layer;
        if span == 1 {
            let aside = edge.beside * BESIDE;
            let (x1, y1) = (from.x + aside, from.y + HEIGHT / 2);
            let (x2, y2) = (to.x + aside, to.y - HEIGHT / 2 - 2);
            let bend = (y2 - y1) / 2;
            let (below, above) = (y1 + bend, y2 - bend);
            return Some(Path {
                drawn: format!("M{x1} {y1}C{x1} {below} {x2} {above} {x2} {y2}"),
                middle: ((x1 + x2) / 2, (y1 + y2) / 2 - 4 + edge.beside * LINE),
            });
        }
        let side = if span > 1 && to.x <= self.width / 2 {
            -1
        } else {
            1
        };
        let (x1, y1) = (from.x + side * WIDTH / 2, from.y);
        let (x2, y2) = (to.x + side * (WIDTH / 2 + 2), to.y + 6);
        let outer = if side < 0 { x1.min(x2) } else { x1.max(x2) };
        let handle = outer + side * (bulge(span.abs()) + edge.beside * BESIDE);
        // The middle of a cubic curve lies three quarters of the way to its handles. A label is a fifth along
        // the curve, where edges with a common end are apart.
        let below = edge.beside * 2 * LINE;
        let (x, y) = if span.abs() > 2 {
            (x1 * 54 / 100 + handle * 46 / 100, y1 + (y2 - y1) / 9)
        } else {
            ((x1 + x2) / 8 + handle * 3 / 4, (y1 + y2) / 2)
        };
        if span > 2 && to.layer == self.last {
            // From above, because terminal states are side by side.
            let (x2, y2) = (to.x + side * WIDTH / 4, to.y - HEIGHT / 2 - 2);
            let above = y2 - LAYER * 3 / 2;
            return Some(Path {
                drawn: format!("M{x1} {y1}C{handle} {y1} {x2} {above} {x2} {y2}"),
                middle: (
                    x1 * 54 / 100 + handle * 46 / 100,
                    y1 + (y2 - y1) / 12 + below,
                ),
            });
        }
        Some(Path {
            drawn: format!("M{x1} {y1}C{handle} {y1} {handle} {y2} {x2} {y2}"),
            middle: (x, y + below),
        })
    }
}

/// The horizontal distance of the handles of a detour over this many layers.
fn bulge(layers: i32) -> i32 {
    60 + DETOUR * layers.max(1)
}

fn layers<'d>(definition: &'d Definition, edges: &[Edge]) -> BTreeMap<&'d str, i32> {
    let order = &definition.reading_order;
    let rank = |name: &str| order.iter().position(|other| other == name);
    let is_end = |name: &str| definition.state(name).is_some_and(|state| state.terminal);
    let mut layers: BTreeMap<&str, i32> = BTreeMap::new();
    for name in order.iter().filter(|name| !is_end(name)) {
        let above = edges.iter().filter(|edge| edge.to == *name);
        let above = above.filter(|edge| rank(&edge.from) < rank(&edge.to));
        let deepest = above
            .filter_map(|edge| layers.get(edge.from.as_str()))
            .max();
        let layer = deepest.map_or(0, |deepest| deepest + 1);
        layers.insert(name, layer);
    }
    let last = layers.values().copied().max().unwrap_or(0);
    for name in order.iter().filter(|name| is_end(name)) {
        layers.insert(name, last + 1);
    }
    layers
}
