//! Text in the form that keywords and classifier features are compared in, and the bytes that each part of it came
//! from. It knows characters only: no keyword, no risk, no file.

mod escape;
mod fold;
mod hangul;
mod map;
mod markup;
pub mod opt;
mod reader;
mod tables;
mod unit;
mod visible;

pub use escape::is_escape;
pub use fold::{FoldedChar, fold_char};
pub use map::{FoldedText, fold_str, fold_text};
pub use markup::Markup;
pub use opt::{Lexicon, Opt, is_turned, opt, upside_down};
pub use reader::{Reader, Reading};
pub use tables::{Class, Folded, Info, Tables, tables};
pub use unit::Unit;
pub use visible::has_visible;

/// The files that all tables are made of, in one order. Two builds in which they are the same fold every text alike.
pub fn table_files() -> impl Iterator<Item = &'static [u8]> {
    std::iter::once(tables::PACKED).chain(opt::FILES)
}
