//! What takes as long as the contract says waits side by side.

use crate::bandwidth::another_hour_counts_in_the_middle_of_an_upload;
use crate::restless::a_file_that_never_rests_is_sent_all_the_same_and_holds_nobody_up;
use crate::second_run::a_young_file_is_read_once_more_after_forty_seconds_and_then_never;
use crate::silence::{
    a_minute_of_silence_after_a_good_run_ends_with_69, a_minute_without_any_answer_ends_with_69,
};

#[test]
fn box_is_silent_for_a_minute_a_file_is_young_for_forty_seconds_another_never_rests() {
    std::thread::scope(|scope| {
        scope.spawn(another_hour_counts_in_the_middle_of_an_upload);
        scope.spawn(a_minute_without_any_answer_ends_with_69);
        scope.spawn(a_minute_of_silence_after_a_good_run_ends_with_69);
        scope.spawn(a_file_that_never_rests_is_sent_all_the_same_and_holds_nobody_up);
        scope.spawn(a_young_file_is_read_once_more_after_forty_seconds_and_then_never);
    });
}
