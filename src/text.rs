//! Appends to ASCII text.

use alloc::vec::Vec;

/// Appends a piece; one function for all, as each copy of it would be downloaded.
#[inline(never)]
pub(crate) fn append(text: &mut Vec<u8>, piece: &[u8]) {
    match piece {
        // Most are one character: the engine takes longer to copy it than to write it.
        [character] => text.push(*character),
        _ => text.extend_from_slice(piece),
    }
}

/// Appends canonical decimal.
pub(crate) fn append_number(text: &mut Vec<u8>, number: u64) {
    append_digits(text, number, 1);
}

/// Appends decimal digits, with zeros before them up to a width.
#[inline(never)]
pub(crate) fn append_digits(text: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    let mut used = 0_usize;
    for digit in digits.iter_mut().rev() {
        if rest == 0 && used >= width {
            break;
        }
        *digit |= (rest % 10).to_le_bytes()[0];
        rest /= 10;
        used = used.saturating_add(1);
    }
    append(text, digits.get(20_usize.saturating_sub(used)..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::append_digits;

    fn digits(number: u64, width: usize) -> String {
        let mut text = Vec::new();
        append_digits(&mut text, number, width);
        String::from_utf8(text).expect("ASCII")
    }

    #[test]
    fn numbers_have_the_digits_they_need() {
        assert_eq!(digits(0, 1), "0");
        assert_eq!(digits(7, 2), "07");
        assert_eq!(digits(100, 2), "100");
        assert_eq!(digits(34_560_000, 1), "34560000");
        assert_eq!(digits(u64::MAX, 1), "18446744073709551615");
    }
}
