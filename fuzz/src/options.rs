//! The walk over a header's options.

use tcpcheck::dissect::{OptionError, OptionFacts, TcpOption, TcpOptions};

/// The first byte is how much longer the header claims to be than what was captured.
pub fn walk(bytes: &[u8]) {
    let Some((&beyond, captured)) = bytes.split_first() else { return };
    let len = captured.len() + usize::from(beyond % 41);
    let mut items = 0;
    let (mut ended, mut faults) = (false, 0);
    for item in TcpOptions::new(captured, len) {
        items += 1;
        assert!(items <= len + 1, "more options than bytes");
        match item {
            Ok(option) => {
                assert!(!ended, "an option behind the end of the list: {option:?}");
                ended = matches!(option, TcpOption::EndOfList);
            }
            Err(OptionError::Fault(_)) => faults += 1,
            Err(OptionError::Cut) => assert!(len > captured.len(), "cut, and all was captured"),
        }
    }
    let facts = OptionFacts::read(TcpOptions::new(captured, len));
    assert_eq!(facts.fault.is_some(), faults > 0);
    assert!(!facts.cut || len > captured.len());
    assert!(facts.sack.len <= 4);
    if len == captured.len() {
        cut_lists_say_no_more(captured, &facts);
    }
}

/// What a list says is said by its beginning, or not at all.
fn cut_lists_say_no_more(bytes: &[u8], whole: &OptionFacts) {
    for end in 0..bytes.len().min(44) {
        let part = OptionFacts::read(TcpOptions::new(&bytes[..end], bytes.len()));
        assert!(part.mss.is_none() || part.mss == whole.mss);
        assert!(part.wscale.is_none() || part.wscale == whole.wscale);
        assert!(part.timestamps.is_none() || part.timestamps == whole.timestamps);
        assert!(part.sack.is_empty() || part.sack == whole.sack);
        assert!(part.duplicate.is_none() || part.duplicate == whole.duplicate);
        assert!(part.fault.is_none() || part.fault == whole.fault, "{part:?} {whole:?}");
    }
}
