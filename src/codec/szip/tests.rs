//! Streams by hand, each code of a block, and what is damaged.

use super::*;

fn chunk(size: u32, stream: &[u8]) -> Vec<u8> {
    [&size.to_le_bytes(), stream].concat()
}

#[test]
fn every_code_of_a_block_by_hand() {
    // Blocks of four samples of eight bits, two of them a scanline, no differences.
    let form = Szip::new(0, 4, 8, 8).unwrap();
    // As they are (7): 1 2 3 255. Split after one bit (2): 3 0 1 5.
    let bits = "111 00000001 00000010 00000011 11111111 010 01 1 1 001 1 0 1 1";
    assert_eq!(run(&form, 8, bits).unwrap(), [1, 2, 3, 255, 3, 0, 1, 5]);
    // Pairs (0, 1): (1, 2) is on the diagonal of 3, which begins at 6. Then an empty block (0, 0) of one.
    let bits = "000 1 000000001 1 000 0 1";
    assert_eq!(run(&form, 8, bits).unwrap(), [1, 2, 0, 0, 0, 0, 0, 0]);
    // Empty up to the end of the scanline.
    assert_eq!(run(&form, 8, "000 0 00001").unwrap(), [0; 8]);
    // More empty blocks than there are.
    assert!(run(&form, 8, "000 0 0001").is_err());
    assert!(run(&form, 8, "111 0").is_err());
}

#[test]
fn differences_fold_at_the_nearer_end() {
    let form = Szip::new(NEAREST, 4, 8, 4).unwrap();
    // From 2: +1, -2, and 5, which from 1 is beyond what alternates: 5 itself.
    assert_eq!(run(&form, 4, "111 00000010 00000010 00000011 00000101").unwrap(), [2, 3, 1, 5]);
    // From 254: -3 is 5 folded beyond the end, which counts down from 255.
    assert_eq!(run(&form, 4, "111 11111110 00000101 00000000 00000000").unwrap(), [254, 250, 250, 250]);
}

#[test]
fn senseless_parameters_and_sizes_are_refused() {
    for (block, bits, line) in [(0, 8, 8), (3, 8, 8), (34, 8, 8), (8, 0, 8), (8, 25, 8), (8, 8, 0)] {
        assert_eq!(Szip::new(0, block, bits, line), None, "{block} {bits} {line}");
    }
    assert_eq!(Szip::new(0, 2, 8, 2 * BLOCKS + 1), None);
    let form = Szip::new(0, 8, 16, 64).unwrap();
    assert!(decode(&form, &chunk(3, &[255; 64]), Room::exact(3)).is_err());
    assert!(decode(&form, &chunk(1 << 30, &[0; 8]), Room::new(None, 1 << 31)).is_err());
    assert!(decode(&form, &[1, 0], Room::exact(1)).is_err());
}

fn run(form: &Szip, size: u32, bits: &str) -> Result<Vec<u8>> {
    let bits: Vec<u8> = bits.bytes().filter(|b| *b != b' ').map(|b| u8::from(b == b'1')).collect();
    // A last byte that is not full is filled up with zeros.
    let whole = |eight: &[u8]| (0..8).fold(0, |byte, i| byte << 1 | eight.get(i).copied().unwrap_or(0));
    let bytes: Vec<u8> = bits.chunks(8).map(whole).collect();
    decode(form, &chunk(size, &bytes), Room::exact(size as usize))
}
