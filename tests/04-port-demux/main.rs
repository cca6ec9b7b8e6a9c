//! The tests of chapter 04: a machine's table of sockets, rule by rule, and the kernel's own.

#[cfg(unix)]
mod fake_proc;
mod inode;
mod machine;
mod s1_ports;
mod s2_lookup;
mod s3_bind;
mod s4_connect;
mod s5_listen;
mod s6_close;
mod s7_kernel;
mod s8_program;
mod sieves;
mod words;
