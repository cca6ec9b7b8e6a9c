//! The tests of chapter 00. One module a step.

mod cards;
mod s1_byte_order;
mod s2_reader;
mod s3_card;
mod s4_lifecycle;
