//! Which capture, and which way between the two capture points.

/// One of the two captures.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// The first one named.
    A,
    /// The second one named.
    B,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// 0 or 1.
    pub fn index(self) -> usize {
        match self {
            Self::A => 0,
            Self::B => 1,
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    /// `A` or `B`.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
        }
    }
}

/// The way that packets travel between the capture points.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Way {
    /// They pass A first.
    AToB,
    /// They pass B first.
    BToA,
}

impl Way {
    /// Both.
    pub const ALL: [Self; 2] = [Self::AToB, Self::BToA];

    /// 0 or 1.
    pub fn index(self) -> usize {
        match self {
            Self::AToB => 0,
            Self::BToA => 1,
        }
    }

    /// The way that begins at a capture point.
    pub fn from(side: Side) -> Self {
        match side {
            Side::A => Self::AToB,
            Side::B => Self::BToA,
        }
    }

    /// The capture nearer to the sender.
    pub fn sender(self) -> Side {
        match self {
            Self::AToB => Side::A,
            Self::BToA => Side::B,
        }
    }

    /// The capture nearer to the receiver.
    pub fn receiver(self) -> Side {
        self.sender().other()
    }

    /// The way back.
    pub fn reverse(self) -> Self {
        Self::from(self.receiver())
    }
}
