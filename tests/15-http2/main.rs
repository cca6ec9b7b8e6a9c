//! The tests of chapter 15, from nine bytes to a program.
