//! Where states and lines go: a layer for each step along the reading order, detours at the sides.

use std::collections::BTreeMap;

use super::edges::{Edge, Nature};
use crate::flow::definition::Definition;

/// A state's box.
pub(super) const WIDTH: i32 = 250;
/// A state's box.
pub(super) const HEIGHT: i32 = 46;
const LAYER: i32 = 128;
const COLUMN: i32 = 330;
const MARGIN: i32 = 60;
/// How much further out a detour goes for each layer that it passes.
const DETOUR: i32 = 34;

/// The middle of a state's box.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    layer: i32,
}

/// A line, and where its label stands.
pub(super) struct Path {
    pub(super) drawn: String,
    pub(super) middle: (i32, i32),
}

/// All places.
pub(super) struct Layout {
    pub(super) places: BTreeMap<String, Place>,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Layout {
    /// Lines along the reading order lead down, all others are detours; so there are no rounds, and a state's layer is its longest way down.
    pub(super) fn of(definition: &Definition, edges: &[Edge]) -> Self {
        let order = &definition.reading_order;
        let rank = |name: &str| order.iter().position(|other| other == name);
        let mut layers: BTreeMap<&str, i32> = BTreeMap::new();
        for name in order {
            let above = edges.iter().filter(|edge| edge.to == *name);
            let above = above.filter(|edge| rank(&edge.from) < rank(&edge.to));
            let deepest = above
                .filter_map(|edge| layers.get(edge.from.as_str()))
                .max();
            let layer = deepest.map_or(0, |deepest| deepest + 1);
            layers.insert(name, layer);
        }
        let last = layers.values().copied().max().unwrap_or(0);
        let widest = (0..=last)
            .map(|layer| layers.values().filter(|other| **other == layer).count())
            .max();
        let widest = i32::try_from(widest.unwrap_or(1)).unwrap_or(1);
        let side = MARGIN + DETOUR * (last + 2) + 80;
        let width = 2 * side + widest * COLUMN;
        let mut places = BTreeMap::new();
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
                places.insert(name.clone(), Place { x, y, layer });
            }
        }
        Self {
            places,
            width,
            height: 2 * MARGIN + last * LAYER,
        }
    }

    /// Straight down to the next layer; else around, at the left when it leads down and at the right when it leads back.
    pub(super) fn path(&self, edge: &Edge) -> Option<Path> {
        let (from, to) = (self.places.get(&edge.from)?, self.places.get(&edge.to)?);
        let shift = match edge.nature {
            Nature::Person => 0,
            Nature::Timer => 62,
            Nature::Money => -62,
        };
        let span = to.layer - from.layer;
        if span == 1 {
            let (x1, y1) = (from.x + shift, from.y + HEIGHT / 2);
            let (x2, y2) = (to.x + shift, to.y - HEIGHT / 2 - 2);
            let bend = (y2 - y1) / 2;
            let (below, above) = (y1 + bend, y2 - bend);
            return Some(Path {
                drawn: format!("M{x1} {y1}C{x1} {below} {x2} {above} {x2} {y2}"),
                middle: ((x1 + x2) / 2, (y1 + y2) / 2 - 4),
            });
        }
        let side = if span > 1 { -1 } else { 1 };
        let (x1, y1) = (from.x + side * WIDTH / 2, from.y + shift / 8);
        let (x2, y2) = (to.x + side * (WIDTH / 2 + 2), to.y + 6 - shift / 8);
        let outer = if side < 0 { x1.min(x2) } else { x1.max(x2) };
        let bulge = outer + side * (44 + DETOUR * span.abs().max(1) + shift.abs() / 3);
        // A cubic's middle lies three quarters of the way out to its handles.
        let x = (x1 + x2) / 8 + bulge * 3 / 4;
        // Labels of lines to one end lie near where they begin, or they would lie on each other.
        let y = if span.abs() > 1 {
            y1 + (y2 - y1) / 4
        } else {
            (y1 + y2) / 2
        };
        Some(Path {
            drawn: format!("M{x1} {y1}C{bulge} {y1} {bulge} {y2} {x2} {y2}"),
            middle: (x, y),
        })
    }
}
