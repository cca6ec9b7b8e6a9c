//! A route's block inside the block of the next shorter route, as a picture for the book: bars that zoom in.

use std::net::Ipv4Addr;

use addresses::Cidr;
use netlab::picture::Picture;

const LEFT: usize = 20;
/// With the margins, what a phone shows.
const BAR: usize = 424;
const WIDTH: usize = LEFT + BAR + 20;
const ROW: usize = 84;
const TOP: usize = 62;
const HEIGHT: usize = 22;

/// Routes that all hold `address`, from the shortest prefix to the longest, each with its hop, and which hop
/// `best` has given.
pub fn draw(address: Ipv4Addr, routes: &[(Cidr, &str)], best: &str) -> String {
    let height = TOP + ROW * routes.len() - 20;
    let mut picture = Picture::new(WIDTH, height, "Four routes that hold one address");
    picture.text(
        LEFT,
        22,
        "start",
        15,
        1.0,
        &format!("Where does {address} go?"),
    );
    for (i, (block, hop)) in routes.iter().enumerate() {
        let y = TOP + ROW * i;
        let (fill, opacity) = if *hop == best {
            ("#4caf72", 0.55)
        } else {
            ("#3d8fe8", 0.2)
        };
        picture.rect(LEFT, y, BAR, HEIGHT, fill, opacity);
        // The next block at its place, and where it is seen in full.
        if let Some((inner, _)) = routes.get(i + 1) {
            let from = place(*block, inner.network());
            let to = place(*block, inner.network() | !inner.mask()).max(from + 2);
            picture.rect(from, y, to - from, HEIGHT, "#e8a33d", 0.9);
            for (above, below) in [(from, LEFT), (to, LEFT + BAR)] {
                picture.line(above, y + HEIGHT, below, y + ROW, 0.35);
            }
        } else {
            let x = place(*block, address);
            picture.line(x, y - 2, x, y + HEIGHT + 8, 1.0);
            picture.label(x, y + HEIGHT + 22, "middle", 13, &address.to_string());
        }
    }
    // Over the lines.
    for (i, (block, hop)) in routes.iter().enumerate() {
        let y = TOP + ROW * i - 6;
        let label = format!("{}/{}  {hop}", block.network(), block.prefix_len());
        picture.label(LEFT, y, "start", 13, &label);
        let last = block.network() | !block.mask();
        picture.label(LEFT + BAR, y, "end", 11, &format!("to {last}"));
        if *hop == best {
            let below = y + 6 + HEIGHT + 22;
            picture.label(LEFT + BAR, below, "end", 13, "↑ the longest prefix");
        }
    }
    picture.finish()
}

/// Where in a block's bar an address stands.
fn place(block: Cidr, address: Ipv4Addr) -> usize {
    let offset = u64::from(address.to_bits() - block.network().to_bits());
    LEFT + ((offset * BAR as u64) >> (32 - block.prefix_len())) as usize
}
