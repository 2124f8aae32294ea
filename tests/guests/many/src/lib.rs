//! Many functions in one plugin. Their number and their events stand in the component as text, so that plugins that differ
//! are made of one build by writing other digits there.

use stepwell::{Context, Function, Result};

stepwell::plugin!(functions);

static NUMBER: [u8; 20] = *b"many: 0001 functions";

/// The event of each function. Function `f007` of the plugin in which it says `many/2.f007` has that for its event.
static EVENTS: [[u8; 11]; 1_000] = events();

const fn events() -> [[u8; 11]; 1_000] {
    let mut events = [*b"many/0.f000"; 1_000];
    let mut n = 0;
    while n < events.len() {
        let digits = [n / 100, n / 10 % 10, n % 10];
        events[n][8] += digits[0] as u8;
        events[n][9] += digits[1] as u8;
        events[n][10] += digits[2] as u8;
        n += 1;
    }
    events
}

fn functions() -> impl Iterator<Item = Function> {
    // What the compiler sees here is not what will stand there.
    let (number, events) = std::hint::black_box((&NUMBER, &EVENTS));
    let number = number[6..10].iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
    events[..number].iter().map(|event| {
        let event = str::from_utf8(event).expect("letters and digits");
        Function::new(&event[7..], ten_steps).on(event)
    })
}

/// As the function of that name in `bench`.
async fn ten_steps(Context { step, .. }: Context) -> Result<u32> {
    let mut sum = 0;
    for id in ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"] {
        sum += step.run(id, || Ok(1)).await?;
    }
    Ok(sum)
}
