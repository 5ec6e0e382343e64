//! What the ledger holds after torn writes, many openings and a full disk.

use std::fs;

use tempfile::TempDir;

use super::*;

#[test]
fn an_id_is_there_after_the_ledger_is_opened_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let mut ledger = Ledger::begin(&path).unwrap();
    assert_eq!(ledger.last_ids().unwrap(), []);
    ledger.append(id(1)).unwrap();
    ledger.append(id(2)).unwrap();
    assert_eq!(ledger.last_ids().unwrap(), [id(1), id(2)]);
    drop(ledger);
    assert_eq!(Ledger::open(&path).unwrap().last_ids().unwrap(), [id(1), id(2)]);
}

#[test]
fn a_record_cut_short_anywhere_does_not_count_and_is_overwritten() {
    for cut in 0..RECORD_BYTES {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("ledger");
        let mut torn = id(1).0.to_vec();
        torn.extend(&id(2).0[..cut]);
        fs::write(&path, torn).unwrap();

        let mut ledger = Ledger::begin(&path).unwrap();
        assert_eq!(ledger.last_ids().unwrap(), [id(1)], "cut after {cut} bytes");
        ledger.append(id(3)).unwrap();
        drop(ledger);

        let ledger = Ledger::open(&path).unwrap();
        assert_eq!(ledger.last_ids().unwrap(), [id(1), id(3)], "cut after {cut} bytes");
    }
}

#[test]
fn it_tells_the_last_64_and_its_file_stays_small() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let full: Vec<u8> = (0..COMPACT_AT - 1).flat_map(|n| id(n).0).collect();
    fs::write(&path, full).unwrap();

    let mut ledger = Ledger::begin(&path).unwrap();
    for n in COMPACT_AT - 1..=COMPACT_AT {
        ledger.append(id(n)).unwrap();
        let newest: Vec<_> = (n - 63..=n).map(id).collect();
        assert_eq!(ledger.last_ids().unwrap(), newest);
        assert_eq!(Ledger::open(&path).unwrap().last_ids().unwrap(), newest);
    }
    assert_eq!(fs::metadata(&path).unwrap().len(), offset(LEDGER_LENGTH as u64 + 1));
}

#[test]
fn a_compaction_cut_short_changes_nothing_and_the_next_one_succeeds() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let full: Vec<u8> = (0..COMPACT_AT).flat_map(|n| id(n).0).collect();
    fs::write(&path, full).unwrap();
    fs::write(path.with_extension("new"), b"half of").unwrap();

    let mut ledger = Ledger::begin(&path).unwrap();
    assert_eq!(ledger.last_ids().unwrap().last(), Some(&id(COMPACT_AT - 1)));
    ledger.append(id(COMPACT_AT)).unwrap();
    assert_eq!(ledger.last_ids().unwrap().last(), Some(&id(COMPACT_AT)));
}

#[test]
fn a_disk_without_room_is_an_error_and_not_an_execution() {
    // /dev/full takes no byte, as a full disk does.
    let full = OpenOptions::new().read(true).write(true).open("/dev/full").unwrap();
    let mut ledger = Ledger { path: PathBuf::from("/dev/full"), file: full, records: 0 };
    assert_eq!(ledger.append(id(1)).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(ledger.records, 0);
}

fn id(n: u64) -> CommandId {
    CommandId((u128::from(n) + 1).to_be_bytes())
}

#[test]
fn a_ledger_that_is_lost_is_not_replaced_by_an_empty_one() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger");
    let lost = Ledger::open(&path).unwrap_err();
    assert_eq!(lost.kind(), std::io::ErrorKind::NotFound);
    Ledger::begin(&path).unwrap().append(id(1)).unwrap();
    assert_eq!(Ledger::begin(&path).unwrap().last_ids().unwrap(), [id(1)]);
}
