//! How far a person has been asked about an entry that would go to the trash.

/// The answer so far. It belongs to the entry: approval is good for what was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clearance {
    /// Nobody was asked.
    None,
    /// It is among what a tripped brake has shown.
    Shown,
    /// It was shown, and a person has approved.
    Given,
}

impl Clearance {
    /// As the mapping keeps it.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::Shown => 1,
            Self::Given => 2,
        }
    }

    /// What the number says.
    pub(crate) fn of(number: i64) -> Option<Self> {
        let all = [Self::None, Self::Shown, Self::Given];
        all.into_iter().find(|one| one.number() == number)
    }
}
