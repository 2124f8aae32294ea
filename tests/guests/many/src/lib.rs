//! Many functions in one plugin. Their number and the plugin's own stand in the component as text, so that plugins that
//! differ are made of one build by writing other digits there.

use stepwell::{Context, Function, Result};

stepwell::plugin!(functions);

static NUMBERS: [u8; 30] = *b"many: 0001 functions, plugin 0";

/// Function `f7` of plugin 2 listens to `many/2.f7`.
fn functions() -> Vec<Function> {
    // What the compiler sees here is not what will stand there.
    let numbers = std::hint::black_box(&NUMBERS);
    let plugin = char::from(numbers[29]);
    let count = numbers[6..10].iter().fold(0, |count, digit| count * 10 + u32::from(digit - b'0'));
    (0..count).map(|n| Function::new(format!("f{n}"), ten_steps).on(format!("many/{plugin}.f{n}"))).collect()
}

/// As the function of that name in `bench`.
async fn ten_steps(Context { step, .. }: Context) -> Result<u32> {
    let mut sum = 0;
    for id in ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"] {
        sum += step.run(id, || Ok(1)).await?;
    }
    Ok(sum)
}
