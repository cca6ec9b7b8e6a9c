//! What a trace tells: as text, and as a capture file.

mod kept;
mod packets;
mod tshark;
