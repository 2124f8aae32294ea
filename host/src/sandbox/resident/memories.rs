//! Where instances' memories are, and which of their pages are written: what the system tells of this process.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

/// An entry of the page map: the page is present.
const PRESENT: u64 = 1 << 63;
/// A page of a file that nobody has written.
const OF_FILE: u64 = 1 << 61;
const ENTRY_BYTES: usize = size_of::<u64>();

/// Each memory that began with a component's image, with what it has grown by: addresses, by the image, from
/// `/proc/self/maps`.
pub fn all(maps: &str) -> BTreeMap<String, Vec<Range<usize>>> {
    let mut memories: BTreeMap<String, Vec<Range<usize>>> = BTreeMap::new();
    let mut last: Option<&mut Range<usize>> = None;
    for line in maps.lines() {
        let Some((addresses, path)) = writable(line) else { continue };
        match last.take() {
            _ if is_image(path) => {
                let of_image = memories.entry(path.to_owned()).or_default();
                of_image.push(addresses);
                last = of_image.last_mut();
            }
            // The part by which a memory has grown follows its image and has no name.
            Some(memory) if path.is_empty() && memory.end == addresses.start => memory.end = addresses.end,
            _ => (),
        }
    }
    memories
}

/// A file of compiled code, or the engine's own copy if no file exists.
fn is_image(path: &str) -> bool {
    path.ends_with(".cwasm") || path.contains("wasm-memory-image")
}

/// A private mapping that may be written: its addresses, and the file's path. Before the path there are five words.
fn writable(line: &str) -> Option<(Range<usize>, &str)> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let addresses = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    (words.next()? == "rw-p").then(|| (addresses, words.nth(3).unwrap_or_default().trim()))
}

/// For each page of the memory whether it is a guest's own.
pub fn written(page_map: &File, memory: &Range<usize>, page_bytes: usize) -> io::Result<Vec<bool>> {
    let mut entries = vec![0; memory.len() / page_bytes * ENTRY_BYTES];
    page_map.read_exact_at(&mut entries, (memory.start / page_bytes * ENTRY_BYTES) as u64)?;
    let (entries, _) = entries.as_chunks::<ENTRY_BYTES>();
    Ok(entries.iter().map(|entry| u64::from_ne_bytes(*entry) & (PRESENT | OF_FILE) == PRESENT).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
7ed000000000-7ed000010000 ---p 00000000 00:00 0
7ed000010000-7ed000030000 rw-p 01a32000 fe:00 5414928 /cache/a b/1.cwasm
7ed000030000-7ed000040000 rw-p 00000000 00:00 0
7ed000040000-7ed100000000 ---p 00000000 00:00 0
7ed200000000-7ed200010000 rw-p 01a32000 fe:00 5414928 /cache/2.cwasm
7ed200020000-7ed200030000 rw-p 00000000 00:00 0
7ed300000000-7ed300010000 rw-p 01a32000 fe:00 5414928 /cache/2.cwasm
7f6a9d600000-7f6a9d601000 r--p 00000000 fe:00 5414928 /cache/2.cwasm
7f6a9d700000-7f6a9d701000 rw-p 00000000 00:01 77 /memfd:wasm-memory-image (deleted)
7f6a9d800000-7f6a9d801000 rw-p 00000000 00:00 0 [heap]
";

    #[test]
    fn memories_are_told_from_all_else() {
        let found = all(MAPS);
        let grown = 0x7ed0_0001_0000..0x7ed0_0004_0000;
        assert_eq!(found["/cache/a b/1.cwasm"], std::slice::from_ref(&grown), "with what it has grown by");
        assert_eq!(found["/cache/2.cwasm"], [0x7ed2_0000_0000..0x7ed2_0001_0000, 0x7ed3_0000_0000..0x7ed3_0001_0000]);
        assert_eq!(found["/memfd:wasm-memory-image (deleted)"].len(), 1);
        assert_eq!(found.len(), 3);
    }
}
