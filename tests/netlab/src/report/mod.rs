//! What a failed test prints.
//!
//! Here belongs whatever turns what happened into words: the story, the ladder that shows it, bytes
//! for people, the labelled paragraphs below the ladder. None of it knows how a test runs.

pub mod causes;
pub mod failure;
pub mod hex;
pub mod ladder;
pub mod row;
pub mod script;
pub mod story;
pub mod test_name;
pub mod text;
