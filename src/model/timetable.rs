//! How many bytes a second may go out, by day and hour. Pure.

/// Limits by the local clock. The first that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Timetable {
    /// Those with hours, in the order they are written.
    pub(crate) hours: Vec<Hours>,
    /// For the rest of the time.
    pub(crate) otherwise: Rate,
}

/// Bytes a second; `None` is as many as there is room for.
pub(crate) type Rate = Option<u64>;

/// A limit with its hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    /// The days on which it begins.
    pub(crate) days: Days,
    /// From this minute of the day on.
    pub(crate) from: u16,
    /// Until before this one: of the same day, or of the next when it is not later.
    pub(crate) to: u16,
    /// The limit.
    pub(crate) rate: Rate,
}

/// Some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days(u8);

/// What a clock on the wall shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// From 0, Monday, to 6.
    pub(crate) weekday: u8,
    /// From 0 to 1,439.
    pub(crate) minute: u16,
}

impl Days {
    /// Every day.
    pub(crate) const ALL: Self = Self(0b111_1111);
    /// No day.
    pub(crate) const NONE: Self = Self(0);

    /// These, and one more.
    pub(crate) fn with(self, weekday: u8) -> Self {
        Self(self.0 | 1 << (weekday % 7))
    }

    fn has(self, weekday: u8) -> bool {
        self.0 & 1 << (weekday % 7) != 0
    }
}

impl Hours {
    fn covers(&self, at: Moment) -> bool {
        let Moment { weekday, minute } = at;
        if self.from < self.to {
            return self.days.has(weekday) && (self.from..self.to).contains(&minute);
        }
        let began_today = self.days.has(weekday) && minute >= self.from;
        let began_yesterday = self.days.has(weekday + 6) && minute < self.to;
        began_today || began_yesterday
    }
}

impl Timetable {
    /// The limit at that moment.
    pub(crate) fn at(&self, at: Moment) -> Rate {
        let fitting = self.hours.iter().find(|hours| hours.covers(at));
        fitting.map_or(self.otherwise, |hours| hours.rate)
    }

    /// Whether it never limits anything.
    pub(crate) fn is_open(&self) -> bool {
        self.otherwise.is_none() && self.hours.iter().all(|hours| hours.rate.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::{Days, Hours, Moment, Timetable};

    fn minute(text: &str) -> u16 {
        let (hour, minute) = text.split_once(':').unwrap();
        hour.parse::<u16>().unwrap() * 60 + minute.parse::<u16>().unwrap()
    }

    fn hours(days: Days, from: &str, to: &str, rate: u64) -> Hours {
        let (from, to) = (minute(from), minute(to));
        let rate = Some(rate);
        Hours {
            days,
            from,
            to,
            rate,
        }
    }

    #[test]
    fn the_first_that_fits_counts() {
        let workdays = (0..5).fold(Days::NONE, Days::with);
        let friday = Days::NONE.with(4);
        let sunday = Days::NONE.with(6);
        let table = Timetable {
            hours: vec![
                hours(friday, "22:00", "06:00", 1),
                hours(sunday, "23:00", "01:00", 2),
                hours(workdays, "08:00", "18:00", 3),
                hours(Days::ALL, "12:00", "13:00", 4),
                hours(Days::ALL, "23:59", "24:00", 5),
            ],
            otherwise: Some(9),
        };
        for (weekday, clock, expected) in [
            (0, "07:59", 9),
            (0, "08:00", 3),
            (0, "12:30", 3),
            (0, "17:59", 3),
            (0, "18:00", 9),
            (5, "12:30", 4),
            (4, "21:59", 9),
            (4, "22:00", 1),
            (4, "23:59", 1),
            (5, "05:59", 1),
            (5, "06:00", 9),
            (4, "05:59", 9),
            (6, "23:30", 2),
            (0, "00:59", 2),
            (0, "01:00", 9),
            (1, "00:30", 9),
            (1, "23:59", 5),
        ] {
            let minute = minute(clock);
            let found = table.at(Moment { weekday, minute });
            assert_eq!(found, Some(expected), "day {weekday}, {clock}");
        }
    }

    #[test]
    fn what_limits_nothing_is_open() {
        let mut table = Timetable::default();
        assert!(table.is_open());
        table.hours.push(hours(Days::ALL, "08:00", "09:00", 1));
        assert!(!table.is_open());
    }
}
