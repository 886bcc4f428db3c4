//! The choices of one run: all in turn, or at random.

/// How a run chooses.
pub enum Course {
    /// Every choice in turn, one run after the other.
    Walk(Walk),
    /// As the numbers fall.
    Random(Rng),
}

impl Course {
    /// Chooses one of so many.
    pub fn choose(&mut self, fan: usize) -> usize {
        match self {
            Course::Walk(walk) => walk.choose(fan),
            Course::Random(rng) => rng.below(fan),
        }
    }
}

/// A way through a tree of choices.
#[derive(Clone, Default)]
pub struct Walk {
    /// What was chosen, of how many.
    steps: Vec<(usize, usize)>,
    at: usize,
}

impl Walk {
    fn choose(&mut self, fan: usize) -> usize {
        if fan == 1 {
            return 0;
        }
        if self.at == self.steps.len() {
            self.steps.push((0, fan));
        }
        self.at += 1;
        let (chosen, of) = self.steps[self.at - 1];
        assert_eq!(of, fan, "a run with the same choices is the same run");
        chosen
    }

    /// Goes back to the start, to take the same way.
    pub fn again(&mut self) {
        self.steps.truncate(self.at);
        self.at = 0;
    }

    /// Turns to the next way; false when there is none.
    pub fn turn(&mut self) -> bool {
        self.again();
        while self.steps.last().is_some_and(|(chosen, of)| chosen + 1 >= *of) {
            self.steps.pop();
        }
        match self.steps.last_mut() {
            Some((chosen, _)) => {
                *chosen += 1;
                true
            }
            None => false,
        }
    }
}

/// A stream of numbers, the same for the same seed.
#[derive(Clone)]
pub struct Rng(pub u64);

impl Rng {
    /// Gives a number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let limit = u64::try_from(limit).expect("a small number");
        usize::try_from(mixed(self.0) % limit).expect("a small number")
    }

    /// Gives one of these.
    pub fn of<T: Copy>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())]
    }
}

/// Scatters a number (splitmix64).
pub fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
