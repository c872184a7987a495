//! Maps on which each area is a tile of the same size.
//!
//! A tile says its area's short name and its figure, and has the colour of its class: one hue from light to dark, which
//! all kinds of colour vision and grey print keep in order. An area without a figure is white in a dashed frame. The maps
//! stand side by side where their tiles are then no smaller than one below another, or large enough for their words.

use super::canvas::{Canvas, HPos, INK, MOST_HEIGHT, PAPER, Point, RGBColor, Type, WIDTH_MM, sheet, widest, wrapped};
use super::legend::Legend;
use super::scale::{Classes, decimals};
use crate::WriteError;
use crate::document::{Tile, TileMap};
use crate::language::Language;
use crate::picture::Picture;

/// The fill of each of five classes and the ink on it: the blues of ColorBrewer.
const RAMP: [(RGBColor, RGBColor); 5] = [
    (RGBColor(239, 243, 255), INK),
    (RGBColor(198, 219, 239), INK),
    (RGBColor(107, 174, 214), INK),
    (RGBColor(33, 113, 181), PAPER),
    (RGBColor(8, 48, 107), PAPER),
];

const FRAME: RGBColor = RGBColor(115, 115, 115);

/// In mm.
const MOST_TILE: f64 = 14.0;
const BETWEEN_MAPS: f64 = 8.0;
/// Above and below the words of a tile together, and beside them.
const AIR: f64 = 1.0;
/// Of a tile's edge to its place.
const INSET: f64 = 0.25;
const BELOW_TITLE: f64 = 2.0;
const ABOVE_LEGEND: f64 = 4.0;
/// Of a class in the legend.
const SAMPLE: f64 = 6.0;

const SET: Type = Type::Small;
const TITLE: Type = Type::Bold;

/// The room for a title; a longer one takes more.
const TITLE_LINES: f64 = 2.0;

/// Draws maps of tiles.
pub(super) fn draw(unit: &str, missing: &str, maps: &[TileMap], language: Language) -> Result<Picture, WriteError> {
    let key = Key::of(unit, missing, maps, language)?;
    let plan = Plan::of(&key, maps, language)?;
    sheet(plan.bottom + ABOVE_LEGEND + key.height(), |canvas| {
        for placed in &plan.maps {
            canvas.lines(&placed.title, (placed.left, placed.title_top + TITLE.leading() / 2.0), TITLE, HPos::Left)?;
            placed.map.tiles.iter().try_for_each(|tile| plan.draw_tile(canvas, placed, tile, &key))?;
        }
        key.draw(canvas, plan.bottom + ABOVE_LEGEND)
    })
}

/// What the colours mean.
struct Key {
    classes: Classes,
    title: Vec<String>,
    legend: Legend,
}

impl Key {
    fn of(unit: &str, missing: &str, maps: &[TileMap], language: Language) -> Result<Self, WriteError> {
        let classes = Classes::of(&figures(maps));
        let bounds = classes.bounds();
        let places = decimals(&bounds, 6);
        let written: Vec<String> = bounds.iter().map(|bound| language.decimal(*bound, places)).collect();
        let mut said: Vec<String> = Vec::new();
        for (number, bounds) in written.windows(2).enumerate() {
            let (from, to) = (&bounds[0], &bounds[1]);
            let (vi, en) = if number + 1 == classes.count() {
                (format!("từ {from} đến {to}"), format!("{from} to {to}"))
            } else {
                (format!("từ {from} đến dưới {to}"), format!("{from} to under {to}"))
            };
            said.push(language.of(&vi, &en).to_owned());
        }
        if maps.iter().flat_map(|map| &map.tiles).any(|tile| figure(tile).is_none()) {
            said.push(missing.to_owned());
        }
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        let title = wrapped(unit, Type::Plain, f64::from(WIDTH_MM))?;
        Ok(Self { classes, title, legend: Legend::of(&said, SAMPLE)? })
    }

    fn title_height(&self) -> f64 {
        self.title.len() as f64 * Type::Plain.leading() + 0.8
    }

    fn height(&self) -> f64 {
        self.title_height() + self.legend.height
    }

    /// Fill and ink of a class: of few classes those that are far from each other.
    fn colours(&self, class: usize) -> (RGBColor, RGBColor) {
        let last = self.classes.count().saturating_sub(1);
        let place = (class * (RAMP.len() - 1) + last / 2).checked_div(last).unwrap_or(RAMP.len() / 2);
        RAMP[place.min(RAMP.len() - 1)]
    }

    fn draw(&self, canvas: &Canvas<'_>, top: f64) -> Result<(), WriteError> {
        canvas.lines(&self.title, (0.0, top + Type::Plain.leading() / 2.0), Type::Plain, HPos::Left)?;
        self.legend.draw(canvas, top + self.title_height(), |number, (x, y)| {
            let corners = ((x, y - 1.5), (x + SAMPLE, y + 1.5));
            let fill = (number < self.classes.count()).then(|| self.colours(number).0);
            draw_box(canvas, corners, fill)
        })
    }
}

/// Where everything stands.
struct Plan<'a> {
    language: Language,
    maps: Vec<Placed<'a>>,
    /// How wide and high a tile is.
    tile: f64,
    /// The decimals of the figures in the tiles; `None` where figures do not fit.
    places: Option<usize>,
    bottom: f64,
}

struct Placed<'a> {
    map: &'a TileMap,
    title: Vec<String>,
    title_top: f64,
    left: f64,
    top: f64,
}

impl<'a> Plan<'a> {
    fn of(key: &Key, maps: &'a [TileMap], language: Language) -> Result<Self, WriteError> {
        let figures = figures(maps);
        let places = decimals(&figures, 1);
        let written: Vec<String> = figures.iter().map(|figure| language.decimal(*figure, places)).collect();
        let shorts = maps.iter().flat_map(|map| &map.tiles).map(|tile| tile.short.as_str());
        let needed = f64::max(widest(shorts, SET)?, 2.0 * SET.leading()) + AIR;
        let figures_need = f64::max(widest(written.iter().map(String::as_str), SET)?, 2.0 * SET.leading()) + AIR;
        let room = MOST_HEIGHT - ABOVE_LEGEND - key.height();
        let (tile, is_stacked) = tile_size(maps, room, f64::max(needed, figures_need));
        let mut plan =
            Self { language, maps: Vec::new(), tile, places: (figures_need <= tile).then_some(places), bottom: 0.0 };
        if is_stacked {
            for map in maps {
                plan.place(map, (0.0, plan.bottom), f64::from(WIDTH_MM))?;
                plan.bottom += BETWEEN_MAPS;
            }
            plan.bottom -= BETWEEN_MAPS;
        } else {
            let mut left = 0.0;
            for map in maps {
                let wide = f64::from(columns(map)) * tile;
                plan.place(map, (left, 0.0), if maps.len() == 1 { f64::from(WIDTH_MM) } else { wide })?;
                left += wide + BETWEEN_MAPS;
            }
        }
        Ok(plan)
    }

    /// Puts a map's title at a place, in lines so wide, and its tiles below; all titles have the same room, so that the
    /// tiles of maps side by side begin at one height.
    fn place(&mut self, map: &'a TileMap, (left, title_top): Point, wide: f64) -> Result<(), WriteError> {
        let title = wrapped(&map.title, TITLE, wide)?;
        let top = title_top + TITLE_LINES.max(title.len() as f64) * TITLE.leading() + BELOW_TITLE;
        self.bottom = f64::max(self.bottom, top + f64::from(rows(map)) * self.tile);
        self.maps.push(Placed { map, title, title_top, left, top });
        Ok(())
    }

    fn draw_tile(&self, canvas: &Canvas<'_>, placed: &Placed<'_>, tile: &Tile, key: &Key) -> Result<(), WriteError> {
        let left = placed.left + f64::from(tile.column) * self.tile;
        let top = placed.top + f64::from(tile.row) * self.tile;
        let corners = ((left + INSET, top + INSET), (left + self.tile - INSET, top + self.tile - INSET));
        let (x, y) = (left + self.tile / 2.0, top + self.tile / 2.0);
        let Some(value) = figure(tile) else {
            draw_box(canvas, corners, None)?;
            return canvas.words(&tile.short, (x, y), SET, HPos::Center, INK);
        };
        let (fill, ink) = key.colours(key.classes.class(value));
        draw_box(canvas, corners, Some(fill))?;
        let Some(places) = self.places else {
            return canvas.words(&tile.short, (x, y), SET, HPos::Center, ink);
        };
        let half = SET.leading() / 2.0;
        canvas.words(&tile.short, (x, y - half), SET, HPos::Center, ink)?;
        canvas.words(&self.language.decimal(value, places), (x, y + half), SET, HPos::Center, ink)
    }
}

/// A filled box in a frame, or an empty one in a dashed frame.
fn draw_box(canvas: &Canvas<'_>, (from, to): (Point, Point), fill: Option<RGBColor>) -> Result<(), WriteError> {
    let rim = [from, (to.0, from.1), to, (from.0, to.1), from];
    match fill {
        Some(fill) => {
            canvas.rectangle(from, to, fill)?;
            canvas.path(&rim, FRAME, 0.1)
        }
        None => canvas.dashes(&rim, FRAME, 0.2, (0.9, 0.7)),
    }
}

/// How large tiles are in a room so high, and whether the maps stand one below another.
fn tile_size(maps: &[TileMap], room: f64, needed: f64) -> (f64, bool) {
    let title = TITLE_LINES * TITLE.leading() + BELOW_TITLE;
    let spaces = BETWEEN_MAPS * maps.len().saturating_sub(1) as f64;
    let (room_wide, count) = (f64::from(WIDTH_MM), maps.len() as f64);
    let sum = |size: fn(&TileMap) -> u32| f64::from(maps.iter().map(size).sum::<u32>().max(1));
    let most = |size: fn(&TileMap) -> u32| f64::from(maps.iter().map(size).max().unwrap_or(1).max(1));
    let fits = |wide: f64, high: f64| wide.min(high).clamp(1.0, MOST_TILE);
    let beside = fits((room_wide - spaces) / sum(columns), (room - title) / most(rows));
    let below = fits(room_wide / most(columns), (room - spaces - count * title) / sum(rows));
    if beside >= needed || beside >= below { (beside, false) } else { (below, true) }
}

fn columns(map: &TileMap) -> u32 {
    map.tiles.iter().map(|tile| tile.column + 1).max().unwrap_or(0)
}

fn rows(map: &TileMap) -> u32 {
    map.tiles.iter().map(|tile| tile.row + 1).max().unwrap_or(0)
}

fn figures(maps: &[TileMap]) -> Vec<f64> {
    maps.iter().flat_map(|map| &map.tiles).filter_map(figure).collect()
}

/// What is no number is no figure.
fn figure(tile: &Tile) -> Option<f64> {
    tile.value.filter(|value| value.is_finite())
}
