//! The smallest plugin: one function with one step.

use serde::Deserialize;
use stepwell::{Context, Function, Result};

stepwell::plugin!(hello);

fn hello() -> Function {
    Function::new("hello", greet).on("demo/hello")
}

#[derive(Deserialize)]
struct Visitor {
    name: String,
}

async fn greet(Context { event, step, .. }: Context<Visitor>) -> Result<String> {
    let greeting = step.run("greet", || Ok(format!("Hello, {}!", event.data.name))).await?;
    Ok(greeting)
}

#[cfg(test)]
mod tests {
    use super::hello;
    use stepwell::testing::{TestHost, json};

    #[test]
    fn a_visitor_is_greeted() {
        let run = TestHost::new([hello()]).execute("demo/hello", json!({ "name": "Ada" }));
        assert_eq!(run.output(), "Hello, Ada!");
    }
}
