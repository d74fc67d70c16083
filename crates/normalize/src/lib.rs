//! Folds text to the form that keywords and classifier features are compared in, and maps folded positions back to
//! the stored bytes. It knows characters only: no keyword, no risk, no file.

mod fold;
mod map;
mod visible;

pub use fold::{FoldedChar, fold_char};
pub use map::{FoldedText, fold_str, fold_text};
pub use visible::has_visible;
