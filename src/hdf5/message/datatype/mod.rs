//! Datatype message: what an item is in the file.
//!
//! Decodes every class; what this crate has no counterpart for is refused later, by name, when somebody wants the data.

mod decode;
mod dtype;

use crate::array::{Order, Pad};
pub use decode::decode;

/// A type and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datatype {
    /// Bytes per item.
    pub size: u32,
    /// What kind.
    pub class: Class,
}

/// Bits that count within a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// First bit.
    pub offset: u16,
    /// How many.
    pub precision: u16,
}

/// The classes of types.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Class {
    Integer {
        order: Order,
        signed: bool,
        bits: Bits,
    },
    Float {
        order: Order,
        form: Float,
    },
    Text {
        pad: Pad,
    },
    Bitfield {
        order: Order,
        bits: Bits,
    },
    Opaque,
    Compound(Vec<Member>),
    /// Address of an object.
    Object,
    /// Any other reference; the text says which.
    Reference(&'static str),
    Enum {
        base: Box<Datatype>,
        members: Vec<(String, Vec<u8>)>,
    },
    VarText {
        pad: Pad,
    },
    VarList(Box<Datatype>),
    Array {
        base: Box<Datatype>,
        shape: Vec<u32>,
    },
    Complex(Box<Datatype>),
    Time,
}

/// Layout of a floating point number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float {
    /// Bits that count.
    pub bits: Bits,
    /// Position of the sign.
    pub sign: u8,
    /// Position and size of the exponent.
    pub exponent: (u8, u8),
    /// Position and size of the mantissa.
    pub mantissa: (u8, u8),
    /// What is added to the exponent.
    pub bias: u32,
    /// The mantissa's leading one is not stored, as in IEEE 754.
    pub implied: bool,
    /// VAX byte order, or a number that is none.
    pub foreign: bool,
}

/// A field of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Name.
    pub name: String,
    /// Byte offset.
    pub offset: u32,
    /// Type.
    pub datatype: Datatype,
}

impl Datatype {
    /// Takes apart an array type at the top: the type of an item, and the axes it adds.
    pub fn flat(&self) -> (&Self, Vec<u32>) {
        let (mut datatype, mut axes) = (self, Vec::new());
        while let Class::Array { base, shape } = &datatype.class {
            axes.extend_from_slice(shape);
            datatype = base;
        }
        (datatype, axes)
    }

    /// Whether it is the enumeration that stands for booleans (h5py: FALSE = 0, TRUE = 1).
    pub fn is_bool(&self) -> bool {
        let Class::Enum { members, .. } = &self.class else { return false };
        let named = |want: &str, value: u8| {
            members.iter().any(|(name, bytes)| name == want && bytes.as_slice() == [value])
        };
        self.size == 1 && members.len() == 2 && named("FALSE", 0) && named("TRUE", 1)
    }

    /// The bits that count, where they are not all of the item's.
    pub fn partial(&self) -> Option<Bits> {
        match &self.class {
            Class::Integer { bits, .. } | Class::Bitfield { bits, .. } => {
                (u32::from(bits.precision) != self.size.saturating_mul(8)).then_some(*bits)
            }
            Class::Enum { base, .. } | Class::Array { base, .. } | Class::Complex(base) => base.partial(),
            Class::Compound(members) => members.iter().find_map(|m| m.datatype.partial()),
            _ => None,
        }
    }

    /// Byte order of an integer, and whether it has a sign.
    pub fn integer(&self) -> Option<(Order, bool)> {
        match &self.class {
            Class::Integer { order, signed, .. } => Some((*order, *signed)),
            Class::Bitfield { order, .. } => Some((*order, false)),
            Class::Enum { base, .. } => base.integer(),
            _ => None,
        }
    }
}
