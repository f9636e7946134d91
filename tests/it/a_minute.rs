//! What takes as long as the contract says waits side by side.

use crate::bandwidth::another_hour_counts_in_the_middle_of_an_upload;
use crate::second_run::a_young_file_is_read_once_more_after_forty_seconds_and_then_never;
use crate::silence::a_minute_without_any_answer_ends_with_69;

#[test]
fn box_may_be_silent_for_a_minute_and_a_file_is_young_for_forty_seconds() {
    std::thread::scope(|scope| {
        scope.spawn(another_hour_counts_in_the_middle_of_an_upload);
        scope.spawn(a_minute_without_any_answer_ends_with_69);
        scope.spawn(a_young_file_is_read_once_more_after_forty_seconds_and_then_never);
    });
}
