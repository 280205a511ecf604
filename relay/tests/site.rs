//! A site: a folder with the page, the module and data, for any host.

mod program;

use std::fs;

use program::{Scratch, command, root, sample};
use serde_json::Value;

#[test]
fn a_site_is_a_folder_for_any_host() {
    let scratch = Scratch::new();
    let page = scratch.path("page");
    fs::create_dir_all(scratch.0.join("page/pkg")).unwrap();
    fs::create_dir_all(scratch.0.join("page/sample")).unwrap();
    let index = fs::read_to_string(root().join("www/index.html")).unwrap();
    scratch.file("page/index.html", index.as_bytes());
    scratch.file("page/main.js", b"");
    scratch.file("page/sample/sample.h5ad", b"not to be copied");
    scratch.file("page/pkg/cellucid.js", b"");
    let (sample, store) = (sample(), root().join("www/sample/sample.zarr"));
    let out = scratch.path("out");
    let sources = [sample.to_str().unwrap(), store.to_str().unwrap(), sample.to_str().unwrap()];
    let site = |more: &[&str]| {
        command(&[&["site"], &sources[..], more, &["--page", &page]].concat()).output().unwrap()
    };
    for part in ["cellucid_bg.wasm", "cellucid_later.wasm"] {
        let told = site(&[&out]);
        assert_eq!(told.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&told.stderr).contains("the module was not found"));
        scratch.file(&format!("page/pkg/{part}"), b"\0asm");
    }
    let told = site(&[&out]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let read = |name: &str| fs::read(scratch.0.join("out").join(name));
    assert!(String::from_utf8(read("index.html").unwrap()).unwrap().contains("content=\"catalog.json\""));
    assert!(
        read("sample/sample.h5ad").is_err()
            && read("pkg/cellucid_bg.wasm").is_ok()
            && read("pkg/cellucid_later.wasm").is_ok()
            && read(".nojekyll").is_ok()
    );
    assert!(read("data/sample.h5ad").unwrap() == fs::read(&sample).unwrap());
    let list: Value = serde_json::from_slice(&read("catalog.json").unwrap()).unwrap();
    let urls: Vec<&str> =
        list["datasets"].as_array().unwrap().iter().map(|d| d["url"].as_str().unwrap()).collect();
    assert_eq!(urls, ["data/sample.h5ad", "data/sample.zarr", "data/2-sample.h5ad"]);
    // It is not written over, and one that cannot be finished leaves nothing.
    assert!(String::from_utf8_lossy(&site(&[&out]).stderr).contains("is not empty"));
    let broken = scratch.file("broken.h5ad", b"no");
    let told = command(&["site", &broken, &scratch.path("half"), "--page", &page]).output().unwrap();
    assert_eq!(told.status.code(), Some(1));
    assert!(!scratch.0.join("half").exists());
}
