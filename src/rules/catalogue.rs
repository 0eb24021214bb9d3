//! Every rule, in the order of its code.

use super::{RuleInfo, Severity};

macro_rules! catalogue {
    ($($name:ident $code:literal $slug:literal $severity:ident $source:literal $fires:literal $message:literal)+) => {
        /// A rule by name.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Rule { $(#[doc = $fires] $name,)+ }

        impl Rule {
            /// Every rule, in the order of its code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What the catalogue says of it.
            pub const fn info(self) -> &'static RuleInfo {
                match self {
                    $(Self::$name => &RuleInfo {
                        code: $code,
                        slug: $slug,
                        severity: Severity::$severity,
                        fires: $fires,
                        message: $message,
                        source: $source,
                    },)+
                }
            }
        }
    };
}

impl Rule {
    /// `TC103`.
    pub fn code(self) -> &'static str {
        self.info().code
    }

    /// `syn-retransmission`.
    pub fn slug(self) -> &'static str {
        self.info().slug
    }

    /// The rule's own severity.
    pub fn severity(self) -> Severity {
        self.info().severity
    }
}

catalogue! {
    NoAnswer "TC101" "no-answer" Error "RFC 9293 §3.5"
        "SYNs, and nothing ever came back"
        "{syns} SYN[ in {span}], nothing came back"
    FileCut "TC901" "file-cut" Warning ""
        "the file ends inside a packet; every complete packet was analysed"
        "the file ends inside a packet after {after_frame}: {present} of {needed} at offset {offset}; all before it was analysed"
    KernelDrops "TC907" "kernel-drops" Warning ""
        "the kernel or the interface dropped packets during the capture"
        "{kernel} packets dropped by the kernel, {interface} by the interface: any loss below may be the capture's own"
}
