//! A report in the formats that platforms read.
