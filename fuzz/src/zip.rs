//! Zip archives: their directory, and every member of it.

use std::rc::Rc;

use cellucid_wasm::{
    native::block_on,
    source::{KeyedSource, Part, memory::Memory, zip::ZipStore},
};

/// Opens an archive, lists it and reads its members.
pub fn zip(data: &[u8]) {
    block_on(async {
        let file = Rc::new(Memory::new("fuzz.zip", data.to_vec()));
        let Ok(archive) = ZipStore::open(file, super::limits()).await else { return };
        let mut folders = vec![String::new()];
        for _ in 0..20 {
            let Some(folder) = folders.pop() else { return };
            for name in archive.list(&folder).await.ok().flatten().unwrap_or_default().into_iter().take(20) {
                let key = format!("{folder}{name}");
                if name.ends_with('/') {
                    folders.push(key);
                    continue;
                }
                let whole = archive.get(&key, Part::All).await;
                let part = archive.get(&key, Part::Last(3)).await;
                if let (Ok(Some(whole)), Ok(Some(part))) = (whole, part) {
                    assert!(whole.ends_with(&part), "{key}");
                }
            }
        }
    });
}
