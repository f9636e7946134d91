//! What stands on a terminal after all that was written to it: the few movements that
//! boxup makes, with lines that wrap where the terminal ends.

use unicode_width::UnicodeWidthChar;

/// A terminal of so many columns and endless rows.
pub(crate) struct Display {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// How often a line went over the edge.
    pub(crate) wrapped: usize,
}

impl Display {
    /// After these bytes.
    pub(crate) fn of(bytes: &[u8], columns: usize) -> Display {
        let mut display = Display {
            columns,
            rows: vec![Vec::new()],
            row: 0,
            column: 0,
            wrapped: 0,
        };
        let text = String::from_utf8_lossy(bytes);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => display.column = 0,
                '\n' => display.go_down(),
                '\x1b' => display.obey(&mut rest),
                c => display.put(c),
            }
        }
        display
    }

    /// Its lines, without spaces at their ends.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        self.rows.iter().map(line).collect()
    }

    fn obey(&mut self, rest: &mut std::str::Chars<'_>) {
        assert_eq!(
            rest.next(),
            Some('['),
            "a movement that boxup does not make"
        );
        let mut number = String::new();
        for c in rest {
            if c.is_ascii_digit() || c == ';' || c == '?' {
                number.push(c);
                continue;
            }
            match c {
                'A' => self.row = self.row.saturating_sub(number.parse().expect("a number")),
                'K' => self.rows[self.row].truncate(self.column),
                'J' => {
                    self.rows[self.row].truncate(self.column);
                    self.rows.truncate(self.row + 1);
                }
                // Colours, and the marks around what is to be seen at once.
                'm' => {}
                'h' | 'l' if number == "?2026" => {}
                other => panic!("boxup does not make this movement: {number}{other}"),
            }
            return;
        }
    }

    fn go_down(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }

    /// A wide character is kept with an empty one behind it.
    fn put(&mut self, c: char) {
        let width = c.width().unwrap_or(0);
        if self.column + width > self.columns {
            self.wrapped += 1;
            self.column = 0;
            self.go_down();
        }
        let row = &mut self.rows[self.row];
        if row.len() < self.column + width {
            row.resize(self.column + width, ' ');
        }
        if width > 0 {
            row[self.column] = c;
        }
        if width > 1 {
            row[self.column + 1] = '\u{200b}';
        }
        self.column += width;
    }
}
