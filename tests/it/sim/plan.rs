//! The plan of a seed: which events are sent when, and what goes wrong meanwhile.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// The functions of the guest `sim` that events start, with how often each is retried.
pub const FUNCTIONS: [(&str, u32); 14] = [
    ("plain", 2),
    ("once", 0),
    ("one", 2),
    ("pair", 2),
    ("prior", 2),
    ("lone", 2),
    ("pace", 2),
    ("calm", 2),
    ("batch", 2),
    ("skip", 2),
    ("take", 2),
    ("rare", 2),
    ("hasty", 2),
    ("stoppable", 2),
];

pub struct Plan {
    pub deeds: Vec<Deed>,
}

pub struct Deed {
    /// Milliseconds since the start.
    pub at: u64,
    pub what: What,
}

pub enum What {
    /// In one request.
    Send(Vec<Sent>),
    /// The host dies at its so-manieth verb of the store from now, which is carried out or not.
    Crash {
        verbs: u64,
        is_carried_out: bool,
    },
    Restart {
        down_ms: u64,
    },
    /// The clock jumps, as when the machine was asleep.
    Jump {
        ms: u64,
    },
    /// The same code as another version.
    Swap,
    /// Of those that have been started.
    Cancel {
        nth: usize,
    },
    Pause {
        function: &'static str,
    },
    Resume {
        function: &'static str,
    },
}

#[derive(Debug, Clone)]
pub struct Sent {
    /// The sender's own id.
    pub id: String,
    /// `sim/<function>`, or what a function waits for.
    pub name: String,
    pub data: Value,
}

impl Sent {
    pub fn json(&self) -> Value {
        json!({ "name": self.name, "id": self.id, "data": self.data })
    }
}

/// Draws what happens.
struct Dice {
    rng: ChaCha8Rng,
    ids: u32,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut dice = Dice { rng: ChaCha8Rng::seed_from_u64(seed), ids: 0 };
        // A seed has few kinds of functions, so that their limits bite.
        let kinds: Vec<&str> = (0..1 + dice.below(4)).map(|_| FUNCTIONS[dice.below(14)].0).collect();
        let requests = 2 + dice.below(14);
        let mut deeds: Vec<Deed> = (0..requests).map(|_| dice.request(&kinds)).collect();
        for _ in 0..dice.below(4) {
            deeds.push(dice.trouble());
        }
        for _ in 0..dice.below(5) {
            let nth = dice.below(20);
            let what = match dice.below(6) {
                0 => What::Restart { down_ms: dice.below(3) as u64 * 30_000 },
                1 => What::Jump { ms: dice.below(90_000) as u64 },
                2 => What::Swap,
                3 => What::Cancel { nth },
                4 => What::Pause { function: FUNCTIONS[dice.below(14)].0 },
                _ => What::Send(vec![dice.news()]),
            };
            deeds.push(Deed { at: dice.moment(), what });
        }
        let pauses: Vec<&str> = deeds.iter().filter_map(Deed::paused).collect();
        deeds.extend(pauses.into_iter().map(|function| Deed { at: 150_000, what: What::Resume { function } }));
        deeds.sort_by_key(|deed| deed.at);
        Self { deeds }
    }
}

impl Deed {
    fn paused(&self) -> Option<&'static str> {
        match self.what {
            What::Pause { function } => Some(function),
            _ => None,
        }
    }
}

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.rng.next_u32() as usize % end
    }

    fn id(&mut self) -> String {
        self.ids += 1;
        format!("{}-{}", ["a", "b", "c", "d"][self.ids as usize % 4], self.ids)
    }

    /// Often several things at once.
    fn moment(&mut self) -> u64 {
        self.below(13) as u64 * 10_000
    }

    fn request(&mut self, kinds: &[&str]) -> Deed {
        let events = match self.below(3) {
            0 => 1 + self.below(8),
            _ => 1,
        };
        let mut send = Vec::new();
        for _ in 0..events {
            let kind = kinds[self.below(kinds.len())];
            let data = self.data(2);
            send.push(Sent { id: format!("sent-{}", self.id()), name: format!("sim/{kind}"), data });
        }
        Deed { at: self.moment(), what: What::Send(send) }
    }

    fn news(&mut self) -> Sent {
        let name = ["sim/news", "sim/stop"][self.below(2)].to_owned();
        Sent { id: format!("sent-{}", self.id()), name, data: json!({ "k": self.below(3) }) }
    }

    fn trouble(&mut self) -> Deed {
        let verbs = 1 + self.below(40) as u64;
        Deed { at: self.moment(), what: What::Crash { verbs, is_carried_out: self.below(2) == 0 } }
    }

    fn data(&mut self, depth: usize) -> Value {
        let operations: Vec<Value> = (0..self.below(5)).map(|_| self.operation(depth)).collect();
        let handler: Vec<Value> = (0..self.below(3)).map(|_| self.operation(0)).collect();
        let (fails, handler_fails) = (self.fails(), self.fails());
        json!({ "k": self.below(3), "do": operations, "fails": fails, "handler": handler, "handler_fails": handler_fails })
    }

    /// Mostly not, sometimes once, sometimes for good.
    fn fails(&mut self) -> usize {
        [0, 0, 0, 0, 1, 99][self.below(6)]
    }

    fn operation(&mut self, depth: usize) -> Value {
        let kinds = if depth > 0 { 8 } else { 4 };
        let id = self.id();
        match self.below(kinds) {
            0 | 1 => {
                let how = ["error", "error", "final", "panic"][self.below(4)];
                json!({ "op": "step", "id": id, "fails": self.fails(), "how": how })
            }
            2 => json!({ "op": "sleep", "id": id, "ms": 1_000 * self.below(30) }),
            3 => json!({ "op": "wait", "id": id, "ms": 1_000 * (1 + self.below(60)) }),
            4 => json!({ "op": "invoke", "id": id, "function": "plain", "data": self.data(0) }),
            5 => json!({ "op": "send", "id": id, "event": "sim/plain", "data": self.data(0) }),
            6 => {
                let of: Vec<Value> = (0..2 + self.below(3)).map(|_| self.operation(depth - 1)).collect();
                json!({ "op": "all", "of": of })
            }
            _ => json!({ "op": "caught", "of": self.operation(depth - 1) }),
        }
    }
}
