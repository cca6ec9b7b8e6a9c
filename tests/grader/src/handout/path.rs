//! Paths in the course, as its files name them.

/// A path that a file names, from the top of the course. One that leads out of it stays empty.
pub fn beside(file: &str, path: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return String::new();
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_flat() {
        assert_eq!(beside("a/b/c.toml", "../../d/e.rs"), "d/e.rs");
        assert_eq!(beside("a/b/", "c.rs"), "a/b/c.rs");
        assert_eq!(beside("a", "../../b"), "");
    }
}
