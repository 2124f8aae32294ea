//! The component's entries: describing its functions and entering them.

use crate::bindings::exports::stepwell::plugin::functions::Definition;
use crate::bindings::stepwell::plugin::log;
use crate::bindings::stepwell::plugin::types::{Failure, Outcome, RunContext};
use crate::drive;
use crate::error::Error;
use crate::function::Function;
use crate::host::Imports;
use std::ops::ControlFlow;
use std::panic::PanicHookInfo;

/// Makes the crate a plugin of these functions.
///
/// Each name is that of a `fn() -> Function`, or of one that yields several, as `Vec<Function>` or any other iterator.
/// They are made for every entry, up to the one that is entered: let an iterator make many, so that the rest costs
/// nothing. The crate's type is to be `cdylib`, its target `wasm32-wasip2`.
///
/// ```
/// use stepwell::{Context, Function, Result};
///
/// stepwell::plugin!(hello, others);
///
/// fn hello() -> Function {
///     Function::new("hello", async |_: Context| Ok("Hello!")).on("demo/hello")
/// }
///
/// fn others() -> Vec<Function> {
///     Vec::new()
/// }
/// ```
#[macro_export]
macro_rules! plugin {
    ($($functions:path),+ $(,)?) => {
        const _: () = {
            struct Plugin;

            impl $crate::plugin::Plugin for Plugin {
                fn visit(visitor: $crate::plugin::Visitor<'_>) -> ::std::ops::ControlFlow<()> {
                    $($crate::plugin::IntoFunctions::visit($functions(), visitor)?;)+
                    ::std::ops::ControlFlow::Continue(())
                }
            }

            $crate::bindings::export_plugin!(Plugin with_types_in $crate::bindings);
        };
    };
}

/// Takes one function after the other, until it has what it wants.
#[doc(hidden)]
pub type Visitor<'a> = &'a mut dyn FnMut(Function) -> ControlFlow<()>;

/// The trait that [`plugin!`](crate::plugin!) implements.
#[doc(hidden)]
pub trait Plugin {
    fn visit(visitor: Visitor<'_>) -> ControlFlow<()>;
}

/// The functions that a name in [`plugin!`](crate::plugin!) may yield.
#[doc(hidden)]
pub trait IntoFunctions {
    fn visit(self, visitor: Visitor<'_>) -> ControlFlow<()>;
}

impl IntoFunctions for Function {
    fn visit(self, visitor: Visitor<'_>) -> ControlFlow<()> {
        visitor(self)
    }
}

impl<F: IntoIterator<Item = Function>> IntoFunctions for F {
    fn visit(self, visitor: Visitor<'_>) -> ControlFlow<()> {
        self.into_iter().try_for_each(visitor)
    }
}

impl<P: Plugin> crate::bindings::exports::stepwell::plugin::functions::Guest for P {
    fn describe() -> Vec<Definition> {
        std::panic::set_hook(Box::new(report_panic));
        let mut definitions = Vec::new();
        let _ = P::visit(&mut |function| {
            definitions.push(function.definition());
            ControlFlow::Continue(())
        });
        definitions
    }

    fn run(context: RunContext) -> Outcome {
        std::panic::set_hook(Box::new(report_panic));
        match function::<P>(&context.function_id) {
            Some(function) => function.run(context, &Imports),
            None => unknown(&context.function_id, "function"),
        }
    }
}

impl<P: Plugin> crate::bindings::exports::stepwell::plugin::failure_handler::Guest for P {
    fn on_failure(context: RunContext, error: Failure) -> Outcome {
        std::panic::set_hook(Box::new(report_panic));
        let id = context.function_id.clone();
        function::<P>(&id)
            .and_then(|function| function.handle_failure(context, error, &Imports))
            .unwrap_or_else(|| unknown(&id, "failure handler of function"))
    }
}

fn function<P: Plugin>(id: &str) -> Option<Function> {
    let mut found = None;
    let _ = P::visit(&mut |function| match function.id() == id {
        true => {
            found = Some(function);
            ControlFlow::Break(())
        }
        false => ControlFlow::Continue(()),
    });
    found
}

fn unknown(id: &str, what: &str) -> Outcome {
    let message = format!("failed to find {what} \"{id}\" in this plugin");
    drive::ended(Err(Error::own("UnknownFunctionError", message)))
}

/// Tells the host what a panic said, and where, before the trap that follows it.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("a panic without a message");
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    log::panicked(message, &place);
}
