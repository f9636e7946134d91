//! The faults still to come, and the choice of one for a request.

use super::{Effect, Fault, On, Times};

/// What is known about a request when a fault is chosen.
pub(crate) struct Subject<'a> {
    pub(crate) operation: &'a str,
    pub(crate) path: &'a str,
    /// The item's name once known; faults that ask for a name wait for it.
    pub(crate) name: Option<&'a str>,
}

/// The queue, in the order of injection.
#[derive(Default)]
pub(crate) struct FaultQueue {
    faults: Vec<Fault>,
}

impl FaultQueue {
    /// Adds a fault.
    pub(crate) fn push(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.faults.clear();
    }

    /// How many are still to come, counting a lasting one once.
    pub(crate) fn len(&self) -> usize {
        self.faults.len()
    }

    /// The fault for a request, if any. `named` says whether this is the
    /// moment for the faults that ask for a name, or for the others.
    pub(crate) fn take(&mut self, subject: &Subject<'_>, named: bool) -> Option<Effect> {
        let mut chosen = None;
        for fault in &mut self.faults {
            if fault.on.name.is_some() != named || !matches(&fault.on, subject) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if chosen.is_none() && fault.times != Times::Count(0) {
                chosen = Some(fault.effect.clone());
                if let Times::Count(left) = &mut fault.times {
                    *left -= 1;
                }
            }
        }
        self.faults.retain(|fault| fault.times != Times::Count(0));
        chosen
    }
}

fn matches(on: &On, subject: &Subject<'_>) -> bool {
    let operation = on.operation.as_deref();
    let path = on.path.as_deref();
    let name = on.name.as_deref();
    operation.is_none_or(|wanted| wanted == subject.operation)
        && path.is_none_or(|wanted| subject.path.contains(wanted))
        && name.is_none_or(|wanted| Some(wanted) == subject.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(queue: &mut FaultQueue, operation: &str) -> bool {
        let subject = Subject {
            operation,
            path: "/x",
            name: None,
        };
        queue.take(&subject, false).is_some()
    }

    #[test]
    fn skips_then_strikes_as_often_as_told() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::on("a").skip(1).times(2));
        let struck: Vec<bool> = (0..4).map(|_| hit(&mut queue, "a")).collect();
        assert_eq!(struck, [false, true, true, false]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn other_operations_pass_and_the_first_in_line_wins() {
        let mut queue = FaultQueue::default();
        queue.push(Fault::on("a").drop_after());
        queue.push(Fault::any().forever());
        assert!(hit(&mut queue, "b"));
        assert_eq!(queue.len(), 2);
        assert!(hit(&mut queue, "a"));
        assert_eq!(queue.len(), 1);
    }
}
