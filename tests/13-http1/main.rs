//! The tests of chapter 13, from a head to a program.
