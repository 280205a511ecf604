//! The rules of HTTP on replies as hosts send them, good and bad.

use super::*;
use crate::source::Part;

fn head(status: u16, headers: &[(&str, &str)]) -> Head {
    Head::new(status, |name| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
}

#[test]
fn small_requests_go_out_together() {
    assert_eq!([0, 8 << 10, 64 << 10, 8 << 20].map(parallel), [6, 32, 16, 6]);
}

fn opened() -> Remote {
    let reply =
        head(206, &[("content-range", "bytes 0-99/5000"), ("etag", "\"a\""), ("last-modified", "Mon")]);
    match first(&reply, 100).unwrap() {
        First::Known(remote) => remote,
        First::Hidden => panic!("the size is known"),
    }
}

#[test]
fn the_first_reply_tells_the_size() {
    assert_eq!(opened().size, 5000);
    let small = first(&head(206, &[("content-range", "bytes 0-49/50")]), 100).unwrap();
    assert!(matches!(small, First::Known(Remote { size: 50, .. })));
    let whole = first(&head(200, &[("content-length", "50")]), 100).unwrap();
    assert!(matches!(whole, First::Known(Remote { size: 50, .. })));
    let empty = first(&head(416, &[("content-range", "bytes */0")]), 100).unwrap();
    assert!(matches!(empty, First::Known(Remote { size: 0, .. })));
    assert_eq!(first(&head(206, &[]), 100).unwrap(), First::Hidden);
    assert_eq!(Remote::blind(&head(200, &[("content-length", "7")])).unwrap().size, 7);
}

#[test]
fn every_violation_has_its_own_words() {
    let say = |reply: Head| first(&reply, 100).unwrap_err().to_string();
    let cases = [
        (
            head(200, &[("content-length", "5300000000")]),
            "ignores byte ranges and sends the whole file, 5.3 GB",
        ),
        (head(200, &[]), "ignores byte ranges"),
        (head(200, &[("content-type", "text/html; charset=utf-8")]), "HTML page"),
        (head(404, &[]), "no such file"),
        (head(403, &[]), "refuses access"),
        (head(416, &[("content-range", "bytes */77")]), "416"),
        (head(503, &[]), "failed (status 503)"),
        (head(429, &[]), "too many requests"),
        (head(301, &[]), "status 301"),
        (head(206, &[("content-range", "bytes 10-109/5000")]), "0..100 were asked for"),
        (head(206, &[("content-range", "bytes 0-49/5000")]), "0..100 were asked for"),
        (head(206, &[("content-range", "bytes 0-99/*")]), "hides the file's size"),
        (head(206, &[("content-range", "chapters 1-2/3")]), "chapters 1-2/3"),
        (head(206, &[("content-range", "bytes 0-99/5000"), ("content-encoding", "gzip")]), "compresses"),
    ];
    for (reply, words) in cases {
        let said = say(reply.clone());
        assert!(said.contains(words), "{reply:?}: {said}");
    }
}

#[test]
fn later_replies_have_to_be_of_the_same_file_and_span() {
    let remote = opened();
    let reply = |range: &str, etag: &str| head(206, &[("content-range", range), ("etag", etag)]);
    remote.check(&reply("bytes 100-199/5000", "\"a\""), &(100..200)).unwrap();
    let say = |head: Head| remote.check(&head, &(100..200)).unwrap_err().to_string();
    assert!(say(reply("bytes 100-199/5000", "\"b\"")).contains("ETag was \"a\" and now is \"b\""));
    assert!(say(reply("bytes 100-199/6000", "\"a\"")).contains("had 5000 bytes and now has 6000"));
    assert!(say(reply("bytes 100-199/150", "\"a\"")).contains("had 5000 bytes and now has 150"));
    assert!(say(reply("bytes 0-99/5000", "\"a\"")).contains("100..200 were asked for"));
    assert!(say(reply("bytes 199-100/5000", "\"a\"")).contains("100..200 were asked for"));
    assert!(say(head(206, &[])).contains("without saying which"));
    assert!(say(head(200, &[("content-length", "5000")])).contains("ignores byte ranges"));
    assert!(say(head(416, &[])).contains("no longer has"));
    assert!(say(head(404, &[])).contains("no such file"));
    let dated = head(206, &[("content-range", "bytes 100-199/5000"), ("last-modified", "Tue")]);
    assert!(say(dated).contains("Last-Modified was Mon and now is Tue"));
    assert!(complete(99, 100).unwrap_err().to_string().contains("after 99 of 100 bytes"));
    assert!(complete(101, 100).unwrap_err().to_string().contains("101 bytes or more where 100"));
}

#[test]
fn keys_may_be_absent_in_several_ways() {
    let last = Part::Last(16);
    let span = Part::Span(100..200);
    for reply in [head(404, &[]), head(403, &[]), head(200, &[("content-type", "text/html")])] {
        assert_eq!(answer(&reply, &Part::All).unwrap(), Answer::Absent);
    }
    let whole = head(200, &[("content-length", "5000")]);
    assert_eq!(answer(&whole, &Part::All).unwrap(), Answer::Body(Some(5000)));
    assert_eq!(answer(&whole, &last).unwrap(), Answer::Instead(4984..5000));
    assert!(answer(&whole, &span).unwrap_err().to_string().contains("ignores byte ranges"));
    let part = head(206, &[("content-range", "bytes 100-199/5000")]);
    assert_eq!(answer(&part, &span).unwrap(), Answer::Body(Some(100)));
    assert!(answer(&part, &last).is_err());
    let tail = head(206, &[("content-range", "bytes 4984-4999/5000")]);
    assert_eq!(answer(&tail, &last).unwrap(), Answer::Body(Some(16)));
    assert!(answer(&head(416, &[]), &span).is_err());
    assert!(answer(&head(500, &[]), &Part::All).is_err());
    let zipped = head(200, &[("content-length", "50"), ("content-encoding", "gzip")]);
    assert_eq!(answer(&zipped, &Part::All).unwrap(), Answer::Body(None));
}

#[test]
fn waits_grow_and_hosts_may_ask_for_more_but_not_for_ever() {
    let none = |_: &str| -> Option<u64> { unreachable!("no date was given") };
    assert_eq!([1, 2, 3].map(|n| pause(n, None, none)), [300, 600, 1200]);
    assert_eq!(pause(1, Some("2"), none), 2000);
    assert_eq!(pause(1, Some(" 0 "), none), 0);
    assert_eq!(pause(1, Some("86400"), none), LONGEST_PAUSE);
    let date = "Wed, 21 Oct 2015 07:28:00 GMT";
    let after = |time| move |text: &str| (text == date).then_some(time);
    assert_eq!(pause(1, Some(date), after(5000)), 5000);
    assert_eq!(pause(1, Some(date), after(u64::MAX)), LONGEST_PAUSE);
    assert_eq!(pause(2, Some(date), after(0)), 600);
    assert_eq!(pause(1, Some("soon"), after(5000)), 300);
    assert_eq!([0, 999, 1000, 2_500_000].map(size), ["0 bytes", "999 bytes", "1.0 kB", "2.5 MB"]);
}
