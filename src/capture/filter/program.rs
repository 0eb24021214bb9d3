//! Classic BPF: the filter programs that libpcap compiles.
//!
//! S. McCanne, V. Jacobson: The BSD Packet Filter (1993), and bpf(4), describe the machine: an accumulator, an index
//! register, 16 words of memory. A load outside the packet rejects it.

/// Most instructions that one packet may take. Programs have loops only for `protochain`, and these are bounded by the packet.
const MOST_STEPS: u32 = 65_536;

/// Loads from here on ask the kernel about the packet instead of reading it (Linux: `SKF_AD_OFF` and below).
const KERNEL_OFFSETS: u32 = 0xff00_0000;

/// One instruction.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Instruction {
    pub(super) code: u16,
    pub(super) jump_true: u8,
    pub(super) jump_false: u8,
    pub(super) k: u32,
}

/// A filter program; any instructions make one, and no packet makes it fail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Program(pub(super) Vec<Instruction>);

impl Program {
    /// Whether it asks for what only the kernel knows of a packet.
    pub(super) fn asks_the_kernel(&self) -> bool {
        self.0.iter().any(|i| matches!(i.code, 0x20 | 0x28 | 0x30) && i.k >= KERNEL_OFFSETS)
    }

    /// Runs it over a packet's captured bytes.
    pub(super) fn accepts(&self, data: &[u8], wire_len: u32) -> bool {
        self.run(data, wire_len).is_some_and(|kept| kept > 0)
    }

    /// How many bytes of the packet to keep; `None` for a load outside it, a division by zero, or an instruction that is none.
    fn run(&self, data: &[u8], wire_len: u32) -> Option<u32> {
        let (mut a, mut x) = (0_u32, 0_u32);
        let mut memory = [0_u32; 16];
        let mut next = 0_usize;
        for _ in 0..MOST_STEPS {
            let Instruction { code, jump_true, jump_false, k } = *self.0.get(next)?;
            next = next.wrapping_add(1);
            let operand = if code & 0x08 == 0 { k } else { x };
            match code {
                0x00 => a = k,
                0x20 => a = word(data, k)?,
                0x28 => a = half(data, k)?,
                0x30 => a = byte(data, k)?,
                0x40 => a = word(data, x.checked_add(k)?)?,
                0x48 => a = half(data, x.checked_add(k)?)?,
                0x50 => a = byte(data, x.checked_add(k)?)?,
                0x60 => a = *memory.get(k as usize)?,
                0x80 => a = wire_len,
                0x01 => x = k,
                0x61 => x = *memory.get(k as usize)?,
                0x81 => x = wire_len,
                // The length of an IPv4 header: the low nibble counts words.
                0xb1 => x = (byte(data, k)? & 0x0f) << 2,
                0x02 => *memory.get_mut(k as usize)? = a,
                0x03 => *memory.get_mut(k as usize)? = x,
                0x04 | 0x0c => a = a.wrapping_add(operand),
                0x14 | 0x1c => a = a.wrapping_sub(operand),
                0x24 | 0x2c => a = a.wrapping_mul(operand),
                0x34 | 0x3c => a = a.checked_div(operand)?,
                0x44 | 0x4c => a |= operand,
                0x54 | 0x5c => a &= operand,
                0x64 | 0x6c => a = a.checked_shl(operand).unwrap_or(0),
                0x74 | 0x7c => a = a.checked_shr(operand).unwrap_or(0),
                0x84 => a = a.wrapping_neg(),
                0x94 | 0x9c => a = a.checked_rem(operand)?,
                0xa4 | 0xac => a ^= operand,
                // Signed: libpcap jumps back for `protochain`.
                0x05 => next = next.wrapping_add_signed(k as i32 as isize),
                0x15 | 0x1d => next = branch(next, a == operand, jump_true, jump_false),
                0x25 | 0x2d => next = branch(next, a > operand, jump_true, jump_false),
                0x35 | 0x3d => next = branch(next, a >= operand, jump_true, jump_false),
                0x45 | 0x4d => next = branch(next, a & operand != 0, jump_true, jump_false),
                0x06 => return Some(k),
                0x16 => return Some(a),
                0x07 => x = a,
                0x87 => a = x,
                _ => return None,
            }
        }
        None
    }
}

#[inline]
fn branch(next: usize, holds: bool, jump_true: u8, jump_false: u8) -> usize {
    next.wrapping_add(usize::from(if holds { jump_true } else { jump_false }))
}

#[inline]
fn word(data: &[u8], at: u32) -> Option<u32> {
    data.get(at as usize..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

#[inline]
fn half(data: &[u8], at: u32) -> Option<u32> {
    data.get(at as usize..)?.first_chunk().map(|b| u32::from(u16::from_be_bytes(*b)))
}

#[inline]
fn byte(data: &[u8], at: u32) -> Option<u32> {
    data.get(at as usize).map(|b| u32::from(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(code: &[(u16, u8, u8, u32)]) -> Program {
        let instruction = |&(code, jump_true, jump_false, k): &_| Instruction { code, jump_true, jump_false, k };
        Program(code.iter().map(instruction).collect())
    }

    #[test]
    fn loads_outside_the_packet_reject_it() {
        for (code, size) in [(0x20, 4), (0x28, 2), (0x30, 1), (0xb1, 1)] {
            let load = program(&[(code, 0, 0, 10), (0x06, 0, 0, 1)]);
            assert!(load.accepts(&[0; 14][..10 + size], 0));
            assert!(!load.accepts(&[0; 14][..9 + size], 0));
            assert!(!program(&[(code, 0, 0, u32::MAX), (0x06, 0, 0, 1)]).accepts(&[0; 14], 0));
        }
    }

    #[test]
    fn an_index_that_overflows_rejects_the_packet() {
        let load = program(&[(0x01, 0, 0, u32::MAX), (0x50, 0, 0, 1), (0x06, 0, 0, 1)]);
        assert!(!load.accepts(&[0; 14], 0));
    }

    #[test]
    fn arithmetic_wraps_and_division_by_zero_rejects() {
        let returns =
            |code, k| program(&[(0x00, 0, 0, 7), (0x01, 0, 0, k), (code, 0, 0, k), (0x16, 0, 0, 0)]).run(&[], 0);
        assert_eq!(returns(0x14, 8), Some(u32::MAX));
        assert_eq!(returns(0x2c, 1 << 31), Some(1 << 31));
        assert_eq!(returns(0x34, 2), Some(3));
        assert_eq!(returns(0x94, 4), Some(3));
        assert_eq!(returns(0x6c, 32), Some(0));
        assert_eq!(returns(0x84, 0), Some(7_u32.wrapping_neg()));
        for code in [0x34, 0x3c, 0x94, 0x9c] {
            assert_eq!(returns(code, 0), None);
        }
    }

    #[test]
    fn a_program_that_never_ends_rejects_the_packet() {
        assert!(!program(&[(0x05, 0, 0, -1_i32 as u32)]).accepts(&[], 0));
        assert!(!program(&[]).accepts(&[], 0));
        assert!(!program(&[(0x05, 0, 0, 1 << 30)]).accepts(&[], 0));
        assert!(!program(&[(0xffff, 0, 0, 0)]).accepts(&[], 0));
    }
}
