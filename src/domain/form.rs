//! In which words a connection is spoken to.

/// What a connection understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// Stoa's own frames.
    Native,
    /// Socket.IO with the words of the Stoory guide.
    Stoory,
    /// Socket.IO with the words of the Lola guide.
    Lola,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Native, Self::Stoory, Self::Lola];

    /// The name in the database and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Stoory => "stoory",
            Self::Lola => "lola",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of forms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forms(u8);

impl Forms {
    /// Whether this one is among them.
    pub fn contains(self, form: Form) -> bool {
        self.0 & form.bit() != 0
    }

    /// Whether one that is not native is among them.
    pub fn has_foreign(self) -> bool {
        self.0 & !Form::Native.bit() != 0
    }
}

impl FromIterator<Form> for Forms {
    fn from_iter<I: IntoIterator<Item = Form>>(forms: I) -> Self {
        let bits = forms.into_iter().map(Form::bit);
        Self(bits.fold(0, |set, bit| set | bit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let forms: Forms = [Form::Stoory, Form::Stoory].into_iter().collect();
        assert!(forms.contains(Form::Stoory) && forms.has_foreign());
        assert!(!forms.contains(Form::Native) && !forms.contains(Form::Lola));
        assert!(!Forms::from_iter([Form::Native]).has_foreign());
    }
}
