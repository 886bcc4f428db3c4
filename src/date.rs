//! Writes a time as HTTP does.

use alloc::vec::Vec;

use crate::text::{append, append_digits};

/// The last second that a four-digit year can name.
const LAST_SECOND: u64 = 253_402_300_799;

static WEEKDAYS: [[u8; 3]; 7] = [*b"Thu", *b"Fri", *b"Sat", *b"Sun", *b"Mon", *b"Tue", *b"Wed"];
static MONTHS: [[u8; 3]; 12] =
    [*b"Mar", *b"Apr", *b"May", *b"Jun", *b"Jul", *b"Aug", *b"Sep", *b"Oct", *b"Nov", *b"Dec", *b"Jan", *b"Feb"];

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: u64 = 719_468;

const DAYS_OF_400_YEARS: u64 = 146_097;

/// Appends a time as IMF-fixdate (RFC 9110 5.6.7), at most in the year 9999.
pub(crate) fn append_date(line: &mut Vec<u8>, unix_seconds: u64) {
    let seconds = unix_seconds.min(LAST_SECOND);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    append(line, name_of(&WEEKDAYS, days % 7));
    append(line, b", ");
    append_digits(line, day, 2);
    append(line, b" ");
    append(line, name_of(&MONTHS, month));
    append(line, b" ");
    append_digits(line, year, 4);
    for (before, number) in [(b" ", second_of_day / 3600), (b":", second_of_day / 60 % 60), (b":", second_of_day % 60)] {
        append(line, before);
        append_digits(line, number, 2);
    }
    append(line, b" GMT");
}

// The year, the month from March on and the day of the month. Years begin in
// March here, so that the day that leap years add is their last one.
#[expect(clippy::arithmetic_side_effects, reason = "days is below 2,932,897: nothing overflows, and no difference is negative")]
const fn civil(days: u64) -> (u64, u64, u64) {
    let day = days + EPOCH;
    let day_of_era = day % DAYS_OF_400_YEARS;
    let leap_days = day_of_era / 1460 + day_of_era / 146_096 - day_of_era / 36_524;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let january_or_february = (month >= 10) as u64;
    let year = year_of_era + 400 * (day / DAYS_OF_400_YEARS) + january_or_february;
    (year, month, day_of_month)
}

fn name_of(names: &[[u8; 3]], index: u64) -> &[u8] {
    let index = usize::try_from(index).unwrap_or_default();
    names.get(index).map_or(&[], |name| name)
}

#[cfg(test)]
mod tests {
    use super::append_date;

    fn date(unix_seconds: u64) -> String {
        let mut line = Vec::new();
        append_date(&mut line, unix_seconds);
        String::from_utf8(line).expect("ASCII")
    }

    #[test]
    fn the_example_of_the_rfc_is_written() {
        assert_eq!(date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn the_epoch_is_a_thursday() {
        assert_eq!(date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn leap_days_are_there_and_only_they() {
        assert_eq!(date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(date(951_868_800), "Wed, 01 Mar 2000 00:00:00 GMT");
        assert_eq!(date(1_835_395_200), "Tue, 29 Feb 2028 00:00:00 GMT");
        assert_eq!(date(4_107_456_000), "Sun, 28 Feb 2100 00:00:00 GMT");
        assert_eq!(date(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
    }

    #[test]
    fn the_old_limits_of_time_are_passed() {
        assert_eq!(date(2_147_483_648), "Tue, 19 Jan 2038 03:14:08 GMT");
        assert_eq!(date(4_294_967_296), "Sun, 07 Feb 2106 06:28:16 GMT");
    }

    #[test]
    fn no_year_has_five_digits() {
        assert_eq!(date(253_402_300_799), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(date(253_402_300_800), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(date(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let is_multiple = u64::is_multiple_of;
        let days_of = |year: u64, month: usize| match month {
            2 if is_multiple(year, 4) && (!is_multiple(year, 100) || is_multiple(year, 400)) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (mut year, mut month, mut day) = (1970_u64, 1_usize, 1);
        for days in 0..366 * 500 {
            let expected = format!("{day:02} {} {year} 12:00:00 GMT", names[month - 1]);
            assert_eq!(date(days * 86_400 + 43_200)[5..], expected);
            day += 1;
            if day > days_of(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
