//! Zarr stores inside zip archives (`tests/fixtures/make/zarr_zips.py`), sound and damaged ones.

use std::{
    cell::RefCell,
    fs,
    ops::Range,
    path::{Path, PathBuf},
    rc::Rc,
};

use bytes::Bytes;
use cellucid_wasm::{
    Kind, Limits, Pending,
    dataset::Dataset,
    export::Options,
    native::{File, Folder, block_on},
    open::{Source, open},
    source::{
        ByteSource, KeyedSource, Part,
        counted::{Counted, Counts},
        memory::Memory,
        zip::ZipStore,
    },
    tree::{Node, Tree, read_all},
    zarr::Zarr,
};

/// The store that all archives hold.
const STORE: &str = "build/oracle/fx/zarr/zarr_v3_sharded_end.zarr";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn archive(name: &str) -> Vec<u8> {
    let path = root().join("build/zarr/zips").join(name);
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}; `./check stores` makes it", path.display()))
}

fn tree(path: &Path) -> Rc<dyn Tree> {
    let source = if path.is_dir() {
        Source::Folder(Rc::new(Folder::open(path).unwrap()))
    } else {
        Source::File(Rc::new(File::open(path).unwrap()))
    };
    block_on(open(source, Limits::default())).unwrap_or_else(|e| panic!("{e}"))
}

/// Every attribute and value, as text.
fn dump(tree: &dyn Tree, path: &str, out: &mut Vec<String>) {
    match block_on(tree.open(path)).unwrap().unwrap_or_else(|| panic!("{path} is not there")) {
        Node::Group(group) => {
            out.push(format!("{path} {:?}", group.attrs));
            for name in block_on(tree.names(&group)).unwrap().unwrap() {
                dump(tree, format!("{path}/{name}").trim_matches('/'), out);
            }
        }
        Node::Array(array) => {
            let values = block_on(read_all(tree, &array)).unwrap();
            out.push(format!("{path} {:?} {values:?}", array.attrs));
        }
    }
}

fn dumped(path: &Path) -> Vec<String> {
    let mut out = Vec::new();
    dump(tree(path).as_ref(), "", &mut out);
    out
}

#[test]
fn archives_of_every_form_equal_the_folder() {
    let want = dumped(&root().join(STORE));
    assert!(want.len() > 30);
    let forms =
        ["stored", "deflated", "folder", "folders", "forced64", "end64", "prefixed", "commented", "twice"];
    for form in forms.into_iter().chain(["windows", "neighbours"]) {
        let path = root().join(format!("build/zarr/zips/{form}.zarr.zip"));
        if form == "prefixed" {
            // A program that unpacks itself is not taken for an archive unless it is said to be one.
            let file = Rc::new(File::open(&path).unwrap());
            let store = block_on(ZipStore::open(file, Limits::default())).unwrap();
            let zarr = block_on(Zarr::open(Rc::new(store), Limits::default())).unwrap();
            let mut got = Vec::new();
            dump(&zarr, "", &mut got);
            assert_eq!(got, want, "{form}");
        } else {
            assert_eq!(dumped(&path), want, "{form}");
        }
    }
}

#[test]
fn archives_of_many_anndata_versions_equal_their_folders() {
    let mut seen = 0;
    for version in fs::read_dir(root().join("build/real/archives")).unwrap() {
        let folder = version.unwrap().path();
        if folder.join("adata.zarr.zip").exists() {
            assert_eq!(dumped(&folder.join("adata.zarr.zip")), dumped(&folder.join("adata.zarr")));
            seen += 1;
        }
    }
    assert_eq!(seen, 9);
}

#[test]
fn parts_of_members_and_lists() {
    for form in ["stored", "deflated", "forced64", "folder"] {
        let bytes = Memory::new(form, archive(&format!("{form}.zarr.zip")));
        let zip = block_on(ZipStore::open(Rc::new(bytes), Limits::default())).unwrap();
        let folder = Folder::open(&root().join(STORE)).unwrap();
        let wanted: Vec<(String, Part)> = [
            ("zarr.json", Part::All),
            ("X/c/0/0", Part::Last(100)),
            ("X/c/0/0", Part::Span(10..200)),
            ("X/c/0/0", Part::Span(0..0)),
            ("obs/zarr.json", Part::Span(3..9)),
            ("nothing", Part::All),
            ("X", Part::All),
            ("X/c/0/0", Part::All),
        ]
        .map(|(key, part)| (key.to_owned(), part))
        .into();
        // Twice: what was learnt of the members the first time is used the second.
        for _ in 0..2 {
            let got = block_on(zip.get_many(&wanted)).unwrap();
            assert_eq!(got, block_on(folder.get_many(&wanted)).unwrap(), "{form}");
        }
        for prefix in ["", "obs/", "X/c/", "nothing/"] {
            let mut names = block_on(zip.list(prefix)).unwrap().unwrap();
            names.sort_unstable();
            assert_eq!(names, block_on(folder.list(prefix)).unwrap().unwrap(), "{form} {prefix}");
        }
        let past = [("X/c/0/0".to_owned(), Part::Span(0..1 << 40))];
        assert_eq!(block_on(zip.get_many(&past)).unwrap_err().kind, Kind::Malformed);
    }
}

#[test]
fn one_request_opens_a_small_archive_and_one_reads_many_members() {
    let path = root().join("build/zarr/zips/stored.zarr.zip");
    let counts = Rc::new(Counts::default());
    let file = Counted::new(Rc::new(File::open(&path).unwrap()), Rc::clone(&counts));
    let zip = block_on(ZipStore::open(Rc::new(file), Limits::default())).unwrap();
    assert_eq!(counts.requests.get(), 1);
    let wanted: Vec<_> = (0..2).map(|i| (format!("X/c/{i}/0"), Part::All)).collect();
    assert!(block_on(zip.get_many(&wanted)).unwrap().iter().all(Option::is_some));
    assert_eq!(counts.requests.get(), 2, "neighbours are read together");
}

/// A file that notes what is asked of it, and how far it is: so many bytes.
struct Noted(File, RefCell<Vec<Range<u64>>>, u64);

impl ByteSource for Noted {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn gap(&self) -> u64 {
        self.2
    }

    fn read_many<'a>(&'a self, spans: &'a [Range<u64>]) -> Pending<'a, Vec<Bytes>> {
        self.1.borrow_mut().extend_from_slice(spans);
        self.0.read_many(spans)
    }
}

#[test]
fn the_directory_of_an_archive_is_read_once() {
    for version in fs::read_dir(root().join("build/real/archives")).unwrap() {
        let path = version.unwrap().path().join("adata.zarr.zip");
        if !path.exists() {
            continue;
        }
        let noted = Rc::new(Noted(File::open(&path).unwrap(), RefCell::default(), 0));
        let source = Source::File(Rc::clone(&noted) as Rc<dyn ByteSource>);
        // Nothing in it can be drawn, which is found out after everything was looked at.
        drop(block_on(Dataset::open(source, "", Options::default(), Limits::default())));
        let ends = noted.1.borrow().iter().filter(|span| span.end == noted.len()).count();
        assert_eq!(ends, 1, "{}: {:?}", path.display(), noted.1.borrow());
    }
}

#[test]
fn members_of_a_far_archive_are_read_over_larger_gaps() {
    let path = root().join("build/real/archives/v0.7.8/adata.zarr.zip");
    let requests = |gap| {
        let noted = Rc::new(Noted(File::open(&path).unwrap(), RefCell::default(), gap));
        let zip =
            block_on(ZipStore::open(Rc::clone(&noted) as Rc<dyn ByteSource>, Limits::default())).unwrap();
        let opened = noted.1.borrow().len();
        let wanted = ["X/.zattrs", "var/.zattrs"].map(|key| (key.to_owned(), Part::All));
        assert!(block_on(zip.get_many(&wanted)).unwrap().iter().all(Option::is_some));
        noted.1.borrow().len() - opened
    };
    assert_eq!((requests(0), requests(1 << 20)), (2, 1));
}

#[test]
fn what_holds_no_store_says_what_to_do() {
    for (name, words) in [("nothing.zip", "data.h5ad"), ("two_stores.zip", "one.zarr")] {
        let source = Source::File(Rc::new(Memory::new(name, archive(name))));
        let error = block_on(open(source, Limits::default())).err().unwrap();
        assert_eq!(error.kind, Kind::Missing);
        assert!(
            error.advice().contains(words) && error.to_string().contains(name),
            "{error}: {}",
            error.advice()
        );
    }
}

fn open_bytes(bytes: Vec<u8>) -> cellucid_wasm::Result<ZipStore> {
    let limits = Limits { header: 1 << 20, chunk: 1 << 20, ..Limits::default() };
    block_on(ZipStore::open(Rc::new(Memory::new("damaged.zip", bytes)), limits))
}

/// Everything in an archive, as far as it can be read.
fn read_everything(zip: &ZipStore) -> (usize, usize) {
    let (mut good, mut bad) = (0, 0);
    let mut folders = vec![String::new()];
    while let Some(prefix) = folders.pop() {
        for name in block_on(zip.list(&prefix)).unwrap().unwrap() {
            let key = format!("{prefix}{name}");
            if name.ends_with('/') {
                folders.push(key);
                continue;
            }
            for part in [Part::All, Part::Last(7), Part::Span(0..3)] {
                match block_on(zip.get(&key, part)) {
                    Ok(found) => {
                        assert!(found.is_some());
                        good += 1;
                    }
                    Err(error) => {
                        assert!(
                            matches!(error.kind, Kind::Malformed | Kind::Limit | Kind::Unsupported),
                            "{error}"
                        );
                        bad += 1;
                    }
                }
            }
        }
    }
    (good, bad)
}

#[test]
fn damaged_archives_give_errors() {
    let mut random = 0x1234_5678_9abc_def1_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut opened, mut refused, mut bad) = (0, 0, 0);
    for form in ["stored.zarr.zip", "deflated.zarr.zip", "end64.zarr.zip", "forced64.zarr.zip"] {
        let whole = archive(form);
        let directory = whole.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        for cut in [0, 1, 21, 22, 100, directory, whole.len() - 1] {
            assert!(open_bytes(whole[..cut].to_vec()).is_err(), "{form} cut at {cut}");
        }
        for round in 0..250 {
            let mut bytes = whole.clone();
            for _ in 0..=next(3) {
                // Most of the damage where it hurts: directory and end.
                let at = if round % 4 == 0 {
                    next(bytes.len())
                } else {
                    directory + next(bytes.len() - directory)
                };
                bytes[at] = [next(256) as u8, 0, 255, bytes[at] ^ 1 << next(8)][next(4)];
            }
            match open_bytes(bytes) {
                Ok(zip) => {
                    opened += 1;
                    bad += read_everything(&zip).1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(
        opened > 300 && refused > 50 && bad > 200,
        "{opened} opened, {refused} refused, {bad} bad members"
    );
}

#[test]
fn an_entry_that_claims_too_much_is_refused() {
    // One deflated member of a few bytes that says it holds 4 GB, and a directory of that many entries.
    let small = {
        let mut bytes = vec![];
        bytes.extend(b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x05\0\0\0\xf0\xff\xff\xff\x01\0\0\0x");
        bytes.extend([3, 0, 0, 0, 0]);
        bytes
    };
    let central = b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\x05\0\0\0\xf0\xff\xff\xff\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x";
    let end = |count: u16| {
        let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
        end.extend(count.to_le_bytes());
        end.extend(count.to_le_bytes());
        end.extend((central.len() as u32).to_le_bytes());
        end.extend((small.len() as u32).to_le_bytes());
        end.extend([0, 0]);
        end
    };
    let zip = open_bytes([small.clone(), central.to_vec(), end(1)].concat()).unwrap();
    let error = block_on(zip.get("x", Part::All)).unwrap_err();
    assert_eq!(error.kind, Kind::Limit, "{error}");
    assert!(open_bytes([small.clone(), central.to_vec(), end(60_000)].concat()).is_err());
    let source: Rc<dyn ByteSource> = Rc::new(Memory::new(
        "empty.zip",
        Bytes::from_static(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    ));
    assert_eq!(block_on(open(Source::File(source), Limits::default())).err().unwrap().kind, Kind::Missing);
}
