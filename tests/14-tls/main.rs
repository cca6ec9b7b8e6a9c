//! The tests of chapter 14, from a record to a program.
