//! Which name a new file of ours is to get, while one after the other turns out to be taken.

use crate::model::name::RemoteName;
use crate::plan::action::FileWork;
use crate::plan::conflict::beside;
use crate::plan::policy::{OnInvalidName, Policy};

/// The name that is tried now.
#[derive(Clone, Debug)]
pub(crate) struct OwnName {
    /// As planned: what the mapping has, or what follows from the local name.
    planned: RemoteName,
    /// What follows from the local name.
    own: RemoteName,
    /// The same, told apart from an entry that Box takes for the same; where that is
    /// allowed, and was not done before.
    apart: Option<RemoteName>,
    /// Once it is clear that both are kept: which name beside theirs.
    aside: Option<u32>,
}

impl OwnName {
    /// The planned name.
    pub(crate) fn of(work: &FileWork, policy: &Policy) -> Self {
        let planned = match (work.intent, policy.name_of(&work.name)) {
            (Some(intent), Ok(own)) if intent.apart && work.synced.is_none() => {
                own.apart(&work.name)
            }
            _ => work.remote_name.clone(),
        };
        let own = policy.name_of(&work.name);
        // A plan that has told it apart knew why.
        let own = own.ok().filter(|_| !planned.is_apart());
        let own = own.unwrap_or_else(|| planned.clone());
        let apart = own.apart(&work.name);
        let may = policy.on_invalid_name == OnInvalidName::Encode && apart != planned;
        Self {
            apart: Some(apart).filter(|_| may && !planned.is_apart()),
            planned,
            own,
            aside: None,
        }
    }

    /// The name. Beside theirs it follows from the local name, whatever the file that we
    /// had was called on Box.
    pub(crate) fn current(&self) -> RemoteName {
        match self.aside {
            None => self.planned.clone(),
            Some(number) => beside(&self.own, number),
        }
    }

    /// Whether both are kept.
    pub(crate) fn is_aside(&self) -> bool {
        self.aside.is_some()
    }

    /// The number of the next name beside theirs, ours being taken.
    pub(crate) fn next(&self) -> u32 {
        self.aside.map_or(1, |number| number + 1)
    }

    /// Goes to that name beside theirs; 0 is our own.
    pub(crate) fn step_aside(&mut self, number: u32) {
        self.aside = Some(number);
    }

    /// Whether it may go to a name that nothing else gets.
    pub(crate) fn may_stand_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// Another entry of ours has the name: goes to one that nothing else gets. `false`
    /// where that is not wanted, or was done before.
    pub(crate) fn stand_apart(&mut self) -> bool {
        match self.apart.take() {
            Some(apart) => {
                (self.planned, self.own) = (apart.clone(), apart);
                true
            }
            None => false,
        }
    }
}
