//! The tests of chapter 17, from the text of a URL to a page over one's own layers.

#[cfg(feature = "whole")]
mod packet_picture;
mod s1_url;
mod s2_plan;
mod s3_stages;
mod s4_failures;
mod s5_browser;
#[cfg(feature = "whole")]
mod s6_program;
#[cfg(feature = "whole")]
mod s7_own_stack;
mod sim_network;
mod words;
#[cfg(feature = "whole")]
pub mod world;
