//! Damaged HDF5 files: every prefix, tens of thousands of changed bytes. Each gives an error or an answer, never a panic,
//! and never takes much more memory than what it says it holds.
//!
//! Checksums are put right again after each change, so that damage reaches the decoders behind them.

use std::{
    fs,
    ops::Range,
    path::Path,
    rc::Rc,
    time::{Duration, Instant},
};

use cellucid_wasm::{
    Kind, Limits,
    codec::checksum::lookup3,
    hdf5::Hdf5,
    native::block_on,
    source::{
        counted::{Counted, Counts},
        memory::Memory,
    },
    tree::{self, Node, Tree},
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Memory beyond twice what an array says it holds.
const SLACK: u64 = 16 << 20;
/// What no file here may take; far above what any does, because machines are busy.
const PATIENCE: Duration = Duration::from_secs(20);
/// Arrays that say they are larger are not read whole.
const LARGEST: u64 = 1 << 20;
/// Bytes read of a file, in files: every object of one may be in the same place, and be asked for.
const READ: u64 = 100;

/// Walks a whole file and reads what is in it, as far as it lets itself be read.
fn visit(bytes: Vec<u8>) -> Result<(), String> {
    let start = Instant::now();
    let len = bytes.len() as u64;
    let counts = Rc::new(Counts::default());
    let source = Rc::new(Counted::new(Rc::new(Memory::new("damaged.h5", bytes)), Rc::clone(&counts)));
    let base = MEMORY.current_usage() as u64;
    MEMORY.reset_peak_usage();
    let mut declared = 0_u64;
    block_on(async {
        let Ok(file) = Hdf5::open(source, Limits::default()).await else { return };
        let mut paths = vec![String::new()];
        let mut visited = 0;
        while let Some(path) = paths.pop() {
            visited += 1;
            if visited > 60 || start.elapsed() > PATIENCE {
                return;
            }
            match file.open(&path).await {
                Ok(Some(Node::Group(group))) => {
                    let names = file.names(&group).await.ok().flatten().unwrap_or_default();
                    let below = |name: String| if path.is_empty() { name } else { format!("{path}/{name}") };
                    paths
                        .extend(names.into_iter().take(40).map(below).filter(|p| p.matches('/').count() < 5));
                }
                Ok(Some(Node::Array(array))) => {
                    let size = array.len().saturating_mul(array.dtype.width() as u64);
                    if size <= LARGEST {
                        declared = declared.max(size);
                        let _ = tree::read_all(&file, &array).await;
                    }
                }
                Ok(None) => {}
                Err(error) => assert!(error.kind != Kind::Source, "{path}: {error}"),
            }
        }
    });
    let taken = (MEMORY.peak_usage() as u64).saturating_sub(base);
    if taken > 2 * declared + SLACK {
        return Err(format!("{taken} bytes of memory for {declared} declared"));
    }
    if counts.bytes.get() > READ * len + (1 << 20) {
        return Err(format!("{} bytes read of {len}", counts.bytes.get()));
    }
    if start.elapsed() > PATIENCE {
        return Err(format!("took {:?}", start.elapsed()));
    }
    Ok(())
}

fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/hdf5/files/seeds");
    let entries =
        fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}; run ./check hdf5", folder.display()));
    let mut seeds: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(path).unwrap()))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 9);
    seeds
}

/// Where a file's checksummed structures are, and where in each the checksum is.
fn checksums(bytes: &[u8]) -> Vec<(Range<usize>, usize)> {
    const LETTERS: [&[u8; 4]; 16] = [
        b"\x89HDF", b"OHDR", b"OCHK", b"BTHD", b"BTIN", b"BTLF", b"FRHP", b"FHIB", b"FAHD", b"FADB", b"EAHD",
        b"EAIB", b"EASB", b"EADB", b"SMTB", b"SMLI",
    ];
    let mut found = Vec::new();
    let stored = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    for at in 0..bytes.len().saturating_sub(8) {
        let head: &[u8; 4] = bytes[at..at + 4].try_into().unwrap();
        if LETTERS.contains(&head) {
            let end = (at + 8..(at + 5000).min(bytes.len()))
                .find(|&end| stored(end) == Some(lookup3(&bytes[at..end])));
            found.extend(end.map(|end| (at..end, end)));
        } else if head == b"FHDB" {
            // Its checksum is inside, behind an address of 8 bytes and an offset of 4 or 5.
            let hit = [17, 18]
                .into_iter()
                .flat_map(|inside| (9..17).map(move |log| (inside, 1 << log)))
                .find(|&(inside, len): &(usize, usize)| {
                    let Some(block) = bytes.get(at..at + len) else { return false };
                    let mut blank = block.to_vec();
                    blank[inside..inside + 4].fill(0);
                    stored(at + inside) == Some(lookup3(&blank))
                });
            found.extend(hit.map(|(inside, len)| (at..at + len, at + inside)));
        }
    }
    found
}

fn mend(bytes: &mut [u8], checksums: &[(Range<usize>, usize)]) {
    for (range, at) in checksums {
        if range.contains(at) {
            bytes[*at..at + 4].fill(0);
        }
        let sum = lookup3(&bytes[range.clone()]);
        bytes[*at..at + 4].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Small and fast random numbers (splitmix64), the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) % sides as u64) as usize
    }
}

/// Changes a few bytes: single ones, or whole fields to numbers that break things.
fn damage(bytes: &mut [u8], dice: &mut Dice) {
    for _ in 0..1 + dice.roll(3) {
        let at = dice.roll(bytes.len());
        match dice.roll(4) {
            0 => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, 0xfe][dice.roll(6)],
            2 => bytes[at] = bytes[dice.roll(bytes.len())],
            _ => {
                let width = [2, 4, 8][dice.roll(3)];
                let (at, from) = (at & !1, dice.roll(bytes.len()) & !7);
                let number = match dice.roll(5) {
                    0 => u64::MAX,
                    1 => u64::MAX >> 1,
                    2 => 1 << dice.roll(64),
                    3 => from as u64,
                    _ => dice.roll(1 << 20) as u64,
                };
                for (slot, byte) in bytes.iter_mut().skip(at).take(width).zip(number.to_le_bytes()) {
                    *slot = byte;
                }
            }
        }
    }
}

#[test]
fn damaged_files_give_an_error_or_an_answer() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2500);
    for (name, seed) in seeds() {
        visit(seed.clone()).unwrap();
        let sums = checksums(&seed);
        // The end of the file as the superblock has it, for prefixes to get past it.
        let old = seed.get(8) == Some(&0) || seed.get(8) == Some(&1);
        let step = (seed.len() / 1500).max(1);
        for end in (0..seed.len()).step_by(step) {
            let mut cut = seed[..end].to_vec();
            let field = if old { if seed[8] == 0 { 40 } else { 44 } } else { 28 };
            if seed.starts_with(b"\x89HDF") && cut.len() > 96 {
                cut[field..field + 8].copy_from_slice(&(end as u64).to_le_bytes());
                let first: Vec<_> = sums.iter().filter(|(range, _)| range.start == 0).cloned().collect();
                mend(&mut cut, &first);
            }
            visit(cut).unwrap_or_else(|e| panic!("{name} cut off after {end} bytes: {e}"));
        }
        let mut dice = Dice(seed.len() as u64);
        for round in 0..rounds {
            let mut damaged = seed.clone();
            let state = dice.0;
            damage(&mut damaged, &mut dice);
            mend(&mut damaged, &sums);
            if let Ok(folder) = std::env::var("KEEP") {
                fs::write(Path::new(&folder).join("last.h5"), &damaged).unwrap();
            }
            visit(damaged).unwrap_or_else(|e| panic!("{name} round {round} (dice {state:#x}): {e}"));
        }
    }
}
