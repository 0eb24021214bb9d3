//! BSD loopback frames (`NULL`) as this machine would have captured them.
//!
//! They begin with an address family in the byte order of the machine that captured them, by that system's number, and
//! libpcap compiles filters for this machine's.

/// IPv6's family: Linux, NetBSD and OpenBSD, FreeBSD, macOS.
const IPV6_ANYWHERE: [u32; 4] = [10, 24, 28, 30];

const IPV6_HERE: u32 = if cfg!(any(target_os = "macos", target_os = "ios")) {
    30
} else if cfg!(target_os = "freebsd") {
    28
} else if cfg!(any(target_os = "netbsd", target_os = "openbsd")) {
    24
} else {
    10
};

/// Copies a frame with its family as it is written here, if it is written in another way there.
pub(super) fn translate<'a>(frame: &'a [u8], copy: &'a mut Vec<u8>) -> &'a [u8] {
    let Some((family, rest)) = frame.split_first_chunk::<4>() else { return frame };
    // Families are small numbers, so the order in which it is one is the right one.
    let number = u32::from_ne_bytes(*family);
    let number = if number > 0xffff { number.swap_bytes() } else { number };
    let here = if IPV6_ANYWHERE.contains(&number) { IPV6_HERE } else { number }.to_ne_bytes();
    if here == *family {
        return frame;
    }
    copy.clear();
    copy.extend_from_slice(&here);
    copy.extend_from_slice(rest);
    copy
}
