//! The tests of chapter 02. One module a step, named like the student's file.
