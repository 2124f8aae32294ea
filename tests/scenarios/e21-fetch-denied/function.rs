//! Functions that have the host make requests to a host that is not granted.

use std::time::Duration;

use stepwell::{Context, Function, Request, Result, join};

pub fn functions() -> Vec<Function> {
    vec![
        Function::new("e21", catch).on("e21/go").retries(3),
        Function::new("e21-uncaught", let_pass).on("e21/go-uncaught").retries(3),
    ]
}

async fn catch(Context { step, .. }: Context) -> Result<String> {
    let request = Request::post("https://api.example.com/orders?token=secret").bearer("secret");
    let (fetched, slept) = join!(step.fetch("order", request), step.sleep("nap", Duration::from_secs(60)));
    slept?;
    Ok(fetched.expect_err("nothing is granted").code.clone().unwrap_or_default())
}

async fn let_pass(Context { step, .. }: Context) -> Result<u16> {
    Ok(step.fetch("get", Request::get("http://[::1]:9000/")).await?.status())
}
