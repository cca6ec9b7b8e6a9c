//! Threads, as far as the system shows them: the difference between "it hangs" and "it waits in
//! accept() for a connection".

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod syscall;
mod usage;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::Task;
#[cfg(target_os = "linux")]
pub use linux::Task;
pub use usage::Usage;
